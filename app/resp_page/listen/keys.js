// What each key does while the focus is somewhere in the component.

/** Do what a key is for; inside of a control its own keys stay its own. */
export function pressed(here, event) {
  const at = event.composedPath()[0];
  if (at.matches("input[type=number]")) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if ((event.ctrlKey || event.metaKey) && !event.altKey) {
    if (!here.editing || !["z", "y"].includes(key)) return;
    here.undo(key === "y" || event.shiftKey ? "redo" : "undo");
    event.preventDefault();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isControl = at.matches("button, input");
  if (isControl && [" ", "Enter"].includes(key)) return;
  if (at.matches("input") && /^(Arrow|Page|Home|End)/.test(key)) return;
  const act = actions(here)[event.shiftKey && key.startsWith("Arrow") ? `Shift${key}` : key];
  if (!act) return;
  event.preventDefault();
  event.stopPropagation(); // Streamlit has keys of its own
  act();
}

/** Return what each key does now. */
function actions(here) {
  const { player, view, data, editing } = here;
  const names = ["off", ...Object.keys(data.filters)];
  const turn = (by) => here.seek(player.position_s + by);
  const keys = {
    " ": () => here.toggle(),
    k: () => here.toggle(),
    ArrowLeft: () => turn(-view.span_s / 20),
    ArrowRight: () => turn(view.span_s / 20),
    Home: () => here.seek(0),
    End: () => here.seek(data.duration_s),
    ShiftArrowLeft: () => here.pan(-view.span_s / 4),
    ShiftArrowRight: () => here.pan(view.span_s / 4),
    PageUp: () => here.pan(-view.span_s),
    PageDown: () => here.pan(view.span_s),
    ArrowUp: () => here.setGain(player.gain_db + 1),
    ArrowDown: () => here.setGain(Math.max(Number(here.gain.min), player.gain_db - 1)),
    "+": () => here.zoom(2),
    "=": () => here.zoom(2),
    "-": () => here.zoom(1 / 2),
    0: () => here.show(0, data.duration_s),
    ",": () => here.next(-1),
    ".": () => here.next(1),
    i: () => here.select(player.position_s, Math.max(here.selection?.[1] ?? 0, player.position_s + 0.5)),
    o: () => here.select(Math.min(here.selection?.[0] ?? Infinity, player.position_s - 0.5), player.position_s),
    l: () => here.setLoop(!player.loop),
    h: () => here.setHalf(!player.half),
    f: () => here.setFilter(names[(names.indexOf(player.filter) + 1) % names.length]),
    r: () => here.setFull(!here.full),
    m: () => here.setMel(!here.mel),
    s: () => here.setSharp(here.sharp === "pitch" ? "time" : "pitch"),
    "?": () => here.setHelp(here.helpBox.hidden),
    Escape: () => here.escape(),
  };
  if (data.editable) keys.e = () => here.edit(!editing);
  if (!editing) return keys;
  keys.n = () => here.add();
  const labels = Object.keys(data.labels).filter(Boolean);
  labels.slice(0, 9).forEach((label, place) => (keys[place + 1] = () => here.relabel(label)));
  keys.Delete = keys.Backspace = () => here.remove();
  return keys;
}
