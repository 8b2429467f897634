// Stretches of time as cells in lanes, and the edges that can be taken hold of.
import { element } from "./words.js";

const LANE_PX = 34;
const STEP_S = 0.05;
const FINE_S = 0.01;
const FAR_S = 0.5;

/** Return the lane of each item, so that items of one lane never overlap. */
export function laneOf(items) {
  const ends = [];
  return items.map((item) => {
    let lane = ends.findIndex((end) => end <= item.start_s + 1e-6);
    if (lane < 0) lane = ends.length;
    ends[lane] = item.end_s;
    return lane;
  });
}

/** A row of cells, of which one is chosen; one stop of the Tab key, and arrows from cell to cell. */
export class Lane {
  constructor(name, label, choose) {
    this.name = name;
    this.label = label;
    this.choose = choose;
    this.items = [];
    this.cells = [];
    const look = { class: `row lane ${name}`, role: "listbox", "aria-label": label, "aria-orientation": "horizontal" };
    this.box = element("div", look);
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("click", (event) => {
      const cell = event.target.closest(".cell");
      if (cell) this.take(this.cells.indexOf(cell));
    });
  }

  fill(items, chosen = null) {
    const focused = this.box.getRootNode().activeElement;
    const had = this.cells.includes(focused) ? this.items[this.cells.indexOf(focused)].id : null;
    this.items = items;
    const places = laneOf(items);
    const current = chosen ?? had ?? items[0]?.id;
    this.cells = items.map((item, number) => {
      const cell = element(
        "span",
        {
          class: `cell ${item.look ?? `finding finding-${item.style}`}`,
          role: "option",
          title: item.told,
          "aria-label": item.told,
          "aria-selected": String(item.id === chosen),
          tabindex: item.id === current ? "0" : "-1",
          style: `top:${places[number] * LANE_PX}px`,
          "data-id": String(item.id),
        },
        element("b", {}, item.letter),
      );
      return cell;
    });
    this.box.style.height = `${LANE_PX * (Math.max(-1, ...places) + 1) || LANE_PX}px`;
    this.box.classList.toggle("empty", !items.length);
    this.box.replaceChildren(...this.cells);
    if (had !== null) this.focus(chosen ?? had);
  }

  place(view) {
    this.cells.forEach((cell, number) => {
      const { start_s, end_s } = this.items[number];
      cell.hidden = end_s < view.start_s || start_s > view.end_s;
      // A cell that is wider than the picture keeps its letter in view.
      const from = Math.max(-0.01, view.share(start_s));
      const to = Math.min(1.01, view.share(end_s));
      cell.style.left = `${100 * from}%`;
      cell.style.width = `${100 * (to - from)}%`;
    });
  }

  focus(id) {
    const cell = this.cells[this.items.findIndex((item) => item.id === id)];
    cell?.focus({ preventScroll: true });
    return Boolean(cell);
  }

  take(number) {
    const { id } = this.items[number];
    this.cells.forEach((cell, place) => cell.setAttribute("tabindex", place === number ? "0" : "-1"));
    this.choose(this.items[number]);
    this.focus(id);
  }

  key(event) {
    const number = this.cells.indexOf(event.target);
    if (number < 0 || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const last = this.cells.length - 1;
    const to = { ArrowLeft: number - 1, ArrowRight: number + 1, Home: 0, End: last, Enter: number }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (to >= 0 && to <= last) this.take(to);
  }
}

/** An edge that is dragged, or moved with the arrow keys: 0.05 s, with Shift 0.01 s, with Page keys half a second. */
export function handle({ name, time, begin = () => {}, move, value, told }) {
  const box = element("span", { class: "edge", role: "slider", tabindex: "0", "aria-label": name });
  box.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    event.preventDefault();
    box.setPointerCapture(event.pointerId);
    box.focus({ preventScroll: true });
    box.grip = { offset: value() - time(event), x: event.clientX, moved: false };
  });
  box.addEventListener("pointermove", (event) => {
    const { grip } = box;
    if (!box.hasPointerCapture(event.pointerId) || (!grip.moved && event.clientX === grip.x)) return;
    if (!grip.moved) begin();
    grip.moved = true;
    move(time(event) + grip.offset, event.altKey);
  });
  box.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? FINE_S : STEP_S;
    const steps = { ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step };
    const by = { ...steps, PageDown: -FAR_S, PageUp: FAR_S }[event.key];
    if (by === undefined || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    begin();
    move(value() + by, event.altKey);
  });
  box.refresh = () => {
    const at = value();
    if (at === undefined) return;
    box.setAttribute("aria-valuenow", at.toFixed(2));
    box.setAttribute("aria-valuetext", told(at));
  };
  return box;
}
