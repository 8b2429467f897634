// What is on the screen, made once: what is to be played with above, the picture, what is to be looked with below it.
import { Lane, handle } from "./lanes.js";
import { element, icon } from "./words.js";

export const USUAL_TOP_HZ = 2000;
const FILTERS = { off: "filter_off", bell: "filter_bell", diaphragm: "filter_diaphragm", extended: "filter_extended" };
const EDGES = ["start_s", "end_s"];
const CYCLE_EDGES = { start_s: "cycle_start_s", end_s: "cycle_end_s" };
const SELECTION_EDGES = { start_s: "selection_start_s", end_s: "selection_end_s" };
const KEYS = [
  ...["key_play", "key_seek", "key_cycles", "key_zoom", "key_pan", "key_stretch", "key_loop", "key_half"],
  ...["key_filter", "key_gain", "key_range", "key_scale", "key_sharp", "key_escape"],
];
const EDIT_KEYS = ["key_edit", "key_add", "key_label", "key_edges", "key_remove", "key_undo"];

/** Fill the root of a component. */
export function build(here) {
  const { say, root } = here;
  root.className = "listen";
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", say("name"));
  here.status = element("p", { class: "status", role: "status" });
  here.signs = element("ul", { class: "signs" });
  root.replaceChildren(transport(here), frame(here), here.signs, looks(here), tools(here), here.status, help(here));
}

function transport(here) {
  const { say, data } = here;
  here.playButton = element("button", { type: "button", class: "play", onclick: () => here.toggle() });
  here.clock = element("span", { class: "clock" });
  here.loopButton = switched(here, "loop", "loop", () => here.setLoop(!here.player.loop));
  here.halfButton = switched(here, "half", "half", () => here.setHalf(!here.player.half));
  const names = ["off", ...Object.keys(data.filters)];
  here.filters = choice(here, "filter", names.map((name) => [name, say(FILTERS[name])]), "off", (name) =>
    here.setFilter(name),
  );
  const most = Math.max(...Object.values(data.most_db));
  here.gain = element("input", {
    type: "range",
    min: String(Math.floor(Math.min(...Object.values(data.most_db)) - 24)),
    max: String(Math.ceil(2 * most) / 2),
    step: "0.5",
    "aria-label": say("gain"),
    oninput: () => here.setGain(Number(here.gain.value)),
  });
  here.gainText = element("span", { class: "value" });
  here.gainMost = element("small", {});
  const name = element("b", {}, say("gain"));
  const gain = element("div", { class: "group gain" }, name, here.gain, here.gainText, here.gainMost);
  return element(
    "div",
    { class: "bar" },
    element("div", { class: "group" }, here.playButton, here.clock, here.loopButton, here.halfButton),
    here.filters,
    gain,
  );
}

function looks(here) {
  const { say, data } = here;
  const zoom = element(
    "div",
    { class: "group", role: "group", "aria-label": say("zoom") },
    button(here, "zoom_out", () => here.zoom(1 / 2), icon("M4 12h16")),
    button(here, "zoom_in", () => here.zoom(2), icon("M4 12h16M12 4v16")),
    button(here, "zoom_all", () => here.show(0, data.duration_s), say("zoom_all")),
  );
  const parts = [zoom];
  if (data.grids.pitch.high) {
    const usual = here.number(USUAL_TOP_HZ / 1000);
    const all = here.number(data.nyquist_hz / 1000, data.nyquist_hz % 1000 ? 1 : 0);
    const names = [["low", say("range_value", { top: usual })], ["full", say("range_value", { top: all })]];
    here.ranges = choice(here, "range", names, here.full ? "full" : "low", (name) => here.setFull(name === "full"));
    parts.push(here.ranges);
  }
  here.scales = choice(here, "scale", [["linear", say("scale_linear")], ["mel", say("scale_mel")]], "linear", (name) =>
    here.setMel(name === "mel"),
  );
  parts.push(here.scales);
  if (data.grids.time) {
    const names = [["pitch", say("sharp_pitch")], ["time", say("sharp_time")]];
    here.sharps = choice(here, "sharp", names, "pitch", (name) => here.setSharp(name));
    parts.push(here.sharps);
  }
  parts.push(legend(here));
  here.helpButton = switched(here, "ask", "help", () => here.setHelp(here.helpBox.hidden));
  here.helpButton.setAttribute("aria-expanded", "false");
  here.helpButton.removeAttribute("aria-pressed");
  const last = element("div", { class: "group last" });
  if (data.editable) {
    here.editButton = switched(here, "edit", "edit", () => here.edit(!here.editing));
    last.append(here.editButton);
  }
  last.append(here.helpButton);
  parts.push(last);
  return element("div", { class: "bar under" }, ...parts);
}

function legend(here) {
  const { colours, levels } = here.data;
  const stops = [0, 43, 85, 128, 170, 213, 255].map((at) => `rgb(${colours.slice(3 * at, 3 * at + 3).join(" ")})`);
  const bar = element("i", { style: `background:linear-gradient(90deg,${stops.join(",")})` });
  const low = here.number(-levels[2]);
  return element("div", { class: "group level", title: here.say("level") }, low, bar, "0 dB");
}

function frame(here) {
  const { say, data } = here;
  here.lanes = {
    model: new Lane("model", say("lane_model"), (item) => here.select(item.start_s, item.end_s, true)),
    mine: new Lane("mine", say("lane_mine"), (item) => here.choose(item.id)),
    marks: new Lane("marks", say("lane_marks"), (item) => here.select(item.start_s, item.end_s, true)),
  };
  here.overviewCanvas = element("canvas", {});
  here.window = element("i", { class: "window" });
  here.overview = element("div", { class: "row overview", title: say("overview") }, here.overviewCanvas, here.window);
  here.overview.setAttribute("aria-hidden", "true");
  here.wave = element("canvas", { class: "row wave" });
  here.sound = element("canvas", { class: "row sound", role: "img" });
  here.times = element("div", { class: "row times" });
  here.levels = element("div", { class: "axis levels" }, element("b", {}, say("axis_amplitude")));
  here.frequencies = element("div", { class: "axis frequencies" }, element("b", {}, say("axis_frequency")));
  const { peak } = data;
  const digits = peak > 0 ? Math.max(2, 1 - Math.floor(Math.log10(peak))) : 0;
  const marks = [["0%", `+${here.number(peak, digits)}`], ["50%", "0"], ["100%", here.number(-peak, digits)]];
  here.levels.append(...marks.map(([top, text]) => mark(top, text)));
  here.seekLayer = element("div", {
    class: "seek",
    role: "slider",
    tabindex: "0",
    "aria-label": say("position"),
    "aria-valuemin": "0",
    "aria-valuemax": data.duration_s.toFixed(2),
  });
  here.cursor = element("i", { class: "cursor" });
  here.selectionBox = element("div", { class: "selection" });
  here.selectionEdges = EDGES.map((edge) =>
    handle({
      name: say(SELECTION_EDGES[edge]),
      time: (event) => here.timeAt(event),
      move: (time_s) => here.moveSelection(edge, time_s),
      value: () => here.selection?.[edge === "start_s" ? 0 : 1],
      told: (time_s) => here.seconds(time_s, 2),
    }),
  );
  here.selectionBox.append(...here.selectionEdges);
  here.chosenBox = element("div", { class: "chosen" });
  here.chosenEdges = EDGES.map((edge) =>
    handle({
      name: say(CYCLE_EDGES[edge]),
      time: (event) => here.timeAt(event),
      begin: () => here.draft.mark(),
      move: (time_s, alone) => here.moveEdge(edge, time_s, alone),
      value: () => here.draft.get(here.chosen)?.[edge],
      told: (time_s) => here.seconds(time_s, 2),
    }),
  );
  here.chosenBox.append(...here.chosenEdges);
  here.borders = element("div", { class: "borders" });
  here.lit = element("i", {});
  here.shade = element("div", { class: "shade" }, here.lit);
  here.over = element("div", { class: "over" }, here.borders, here.selectionBox, here.chosenBox, here.cursor);
  const lane = ({ name, box, label }) => [element("div", { class: `axis name ${name}-name` }, label), box];
  here.box = element(
    "div",
    { class: "frame" },
    here.overview,
    ...lane(here.lanes.model),
    ...lane(here.lanes.mine),
    ...lane(here.lanes.marks),
    here.levels,
    here.wave,
    here.frequencies,
    here.sound,
    here.times,
    here.seekLayer,
    here.shade,
    here.over,
  );
  return here.box;
}

function tools(here) {
  const { say, data } = here;
  here.cycleName = element("b", {});
  const time = (edge) =>
    element("input", {
      type: "number",
      step: "0.05",
      min: "0",
      max: data.duration_s.toFixed(2),
      "aria-label": say(CYCLE_EDGES[edge]),
      onchange: (event) => {
        here.draft.mark();
        here.moveEdge(edge, event.target.valueAsNumber, false);
      },
    });
  here.edgeInputs = { start_s: time("start_s"), end_s: time("end_s") };
  const labels = Object.entries(data.labels).filter(([label]) => label);
  here.labels = choice(here, 
    "label",
    labels.map(([label, look]) => [label, look.words, sign(look)]),
    "",
    (label) => here.relabel(label),
  );
  here.cycleTools = element(
    "div",
    { class: "group cycle" },
    here.cycleName,
    element("label", {}, say("from"), here.edgeInputs.start_s),
    element("label", {}, say("to"), here.edgeInputs.end_s, "s"),
    here.labels,
    button(here, "remove", () => here.remove(), say("remove")),
  );
  here.removeAllButton = button(here, "remove_all", () => here.removeAll(), say("remove_all"));
  here.undoButton = button(here, "undo", () => here.undo("undo"), say("undo"));
  here.redoButton = button(here, "redo", () => here.undo("redo"), say("redo"));
  here.discardButton = button(here, "discard", () => here.discard(), say("discard"));
  here.keepButton = button(here, "keep", () => here.hand(), say("keep"));
  here.keepButton.classList.add("primary");
  here.stillOpen = element("small", {});
  here.toolBox = element(
    "div",
    { class: "tools", role: "group", "aria-label": say("edit") },
    element("p", {}, say("edit_how")),
    here.cycleTools,
    element(
      "div",
      { class: "group" },
      button(here, "add", () => here.add(), say("add")),
      here.removeAllButton,
      here.undoButton,
      here.redoButton,
      here.discardButton,
      here.keepButton,
      here.stillOpen,
    ),
  );
  return here.toolBox;
}

function help(here) {
  const keys = here.data.editable ? [...KEYS, ...EDIT_KEYS] : KEYS;
  const list = element("dl", {});
  for (const key of keys) {
    const names = here.say(key).split(" | ");
    const shown = names[0].split(" ").map((name) => element("kbd", {}, name));
    list.append(element("div", {}, element("dt", {}, ...shown), element("dd", {}, names[1])));
  }
  here.helpBox = element("div", { class: "help", hidden: true }, list, element("p", {}, here.say("by_hand")));
  here.helpBox.tabIndex = 0;
  here.helpBox.setAttribute("role", "region");
  here.helpBox.setAttribute("aria-label", here.say("help"));
  return here.helpBox;
}

function button(here, name, act, content) {
  const made = element("button", { type: "button", class: name, onclick: act }, content);
  if (typeof content !== "string") {
    made.title = here.say(name);
    made.setAttribute("aria-label", made.title);
  }
  return made;
}

function switched(here, name, words, act) {
  return element("button", { type: "button", class: name, "aria-pressed": "false", onclick: act }, here.say(words));
}

/** One of several: native radio buttons, so that keys and readers know them. */
function choice(here, name, options, first, act) {
  const inputs = options.map(([value, words, look]) => {
    const input = element("input", {
      type: "radio",
      name: `${here.name}-${name}`,
      value,
      "aria-label": words,
      onchange: () => act(value),
    });
    input.checked = value === first;
    return element("label", { title: words }, input, look ?? "", element("span", {}, words));
  });
  const box = element("fieldset", { class: `group choice ${name}` }, element("legend", {}, here.say(name)), ...inputs);
  box.set = (value) => box.querySelectorAll("input").forEach((input) => (input.checked = input.value === value));
  return box;
}

/** Return a number beside an axis. */
export function mark(top, text) {
  // Moved back by a share of its own height, so that the first and the last one stay inside.
  return element("span", { style: `top:${top};transform:translateY(-${top})` }, text);
}

/** Return a finding's letter and pattern. */
export function sign(look) {
  return element("i", { class: `finding finding-${look.style}` }, element("b", {}, look.letter));
}
