// What mouse and finger do: hear from there, select, zoom, look elsewhere, draw a cycle.

const CLICK_PX = 4;
const LONG_PRESS_MS = 400;

export class Gestures {
  constructor(here) {
    this.here = here;
    this.pointers = new Map();
    this.drag = null;
    const { seekLayer, box, overview, lanes } = here;
    box.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    seekLayer.addEventListener("pointerdown", (event) => this.down(event));
    seekLayer.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) seekLayer.addEventListener(name, (event) => this.up(event));
    seekLayer.addEventListener("contextmenu", (event) => this.drag && event.preventDefault());
    overview.addEventListener("pointerdown", (event) => {
      overview.setPointerCapture(event.pointerId);
      this.lookAt(event);
    });
    overview.addEventListener("pointermove", (event) => {
      if (overview.hasPointerCapture(event.pointerId)) this.lookAt(event);
    });
    lanes.mine.box.addEventListener("pointerdown", (event) => this.beginDrawing(event));
  }

  /** In the overview: look there, or hear from there where all is in view. */
  lookAt(event) {
    const { overview, view } = this.here;
    const box = overview.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * view.duration_s;
    if (view.isWhole) this.here.seek(at);
    else this.here.show(at - view.span_s / 2, at + view.span_s / 2);
  }

  wheel(event) {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      const turn = Math.max(-50, Math.min(50, event.deltaY));
      this.here.zoom(Math.exp(-turn / 100), this.here.timeAt(event));
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      if (this.here.view.isWhole) return;
      event.preventDefault();
      this.here.pan(((event.deltaX || event.deltaY) / this.here.wave.clientWidth) * this.here.view.span_s);
    } else if (!this.here.status.textContent) this.here.tell("wheel");
  }

  down(event) {
    if (event.button > 0) return;
    this.here.seekLayer.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, event);
    if (this.pointers.size === 2) {
      clearTimeout(this.pressing);
      this.drag = { kind: "pinch" };
      return;
    }
    const touch = event.pointerType === "touch";
    this.drag = { kind: "click", touch, x: event.clientX, start_s: this.here.timeAt(event) };
    if (touch) {
      this.pressing = setTimeout(() => {
        if (this.drag?.kind === "click") this.drag.kind = "select";
        this.here.tell("selecting");
      }, LONG_PRESS_MS);
    }
  }

  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before || !this.drag) return;
    const { drag } = this;
    const { view } = this.here;
    if (drag.kind === "pinch") this.pinch(event, before);
    else if (drag.kind === "click" && Math.abs(event.clientX - drag.x) > (drag.touch ? 2 * CLICK_PX : CLICK_PX)) {
      clearTimeout(this.pressing);
      drag.kind = drag.touch ? "pan" : "select";
    }
    if (drag.kind === "pan") {
      this.here.pan(((before.clientX - event.clientX) / this.here.wave.clientWidth) * view.span_s);
    }
    if (drag.kind === "select") {
      const at = this.here.timeAt(event);
      this.here.select(Math.min(drag.start_s, at), Math.max(drag.start_s, at));
    }
    this.pointers.set(event.pointerId, event);
  }

  pinch(event, before) {
    const other = [...this.pointers.entries()].find(([id]) => id !== event.pointerId)?.[1];
    if (!other) return;
    const was = Math.max(20, Math.abs(before.clientX - other.clientX));
    const is = Math.max(20, Math.abs(event.clientX - other.clientX));
    const box = this.here.seekLayer.getBoundingClientRect();
    const middle = (event.clientX + other.clientX) / 2 - box.left;
    this.here.pan(((before.clientX - event.clientX) / 2 / box.width) * this.here.view.span_s);
    this.here.zoom(is / was, this.here.view.time(middle / box.width));
  }

  up(event) {
    clearTimeout(this.pressing);
    if (!this.pointers.delete(event.pointerId) || !this.drag) return;
    const { drag } = this;
    if (this.pointers.size) return;
    this.drag = null;
    if (drag.kind === "click" && event.type === "pointerup") {
      const { selection } = this.here;
      if (selection && !(drag.start_s >= selection[0] && drag.start_s <= selection[1])) this.here.select(null);
      this.here.seek(drag.start_s);
    } else if (drag.kind === "select" && this.here.selection) this.here.player.seek(this.here.selection[0]);
  }

  /** In the lane of corrections: a free place draws a cycle, a cycle that is chosen is moved. */
  beginDrawing(event) {
    if (!this.here.editing || event.button > 0) return;
    const { box } = this.here.lanes.mine;
    const id = Number(event.target.closest(".cell")?.dataset.id) || null;
    const start = this.here.timeAt(event);
    const x = event.clientX;
    const cycle = this.here.draft.get(id);
    const was = cycle && { ...cycle };
    let moved = false;
    const move = (now) => {
      if (!moved && Math.abs(now.clientX - x) <= CLICK_PX) return;
      if (!moved && cycle) this.here.draft.mark();
      moved = true;
      const at = this.here.timeAt(now);
      if (cycle) this.here.draft.shift(id, was.start_s + at - start);
      else this.here.select(Math.min(start, at), Math.max(start, at));
      this.here.fillMine();
    };
    const end = () => {
      box.removeEventListener("pointermove", move);
      box.removeEventListener("pointerup", end);
      box.removeEventListener("pointercancel", end);
      if (!moved) return;
      if (cycle) this.here.choose(id);
      else this.here.add(...this.here.selection);
    };
    box.setPointerCapture(event.pointerId);
    box.addEventListener("pointermove", move);
    box.addEventListener("pointerup", end);
    box.addEventListener("pointercancel", end);
    if (!cycle) event.preventDefault();
    else this.here.choose(id);
  }
}
