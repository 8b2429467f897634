// The component: what it shows, hears and takes down; what is on the screen is made in build.js.
import { USUAL_TOP_HZ, build, mark, sign } from "./build.js";
import { Draft, sendable } from "./draft.js";
import { Outline, Spectrogram, drawOverlay, drawWave } from "./drawing.js";
import { Gestures } from "./gestures.js";
import { pressed } from "./keys.js";
import { FrequencyAxis, View, roundNumbers } from "./scales.js";
import { Player } from "./sound.js";
import { element, icon, speaker, writer } from "./words.js";


const PATIENCE_MS = 8000;
const PLAYING = "resp-listen-plays";
const MARKS = {
  clipping: "mark_clipping",
  silence: "mark_silence",
  dropout: "mark_dropout",
  knock: "mark_knock",
  speech: "mark_speech",
};
let made = 0;

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".listen");
  const keep = (cycles) => setTriggerValue("kept", cycles);
  let here = root.listening;
  if (here?.accepts(data)) here.update(data, keep);
  else {
    here?.dispose();
    here = root.listening = new Listening(root, data, keep);
  }
  const turn = ++here.turn;
  return () => here.turn === turn && here.dispose();
}

class Listening {
  constructor(root, data, keep) {
    this.root = root;
    this.turn = 0;
    this.name = `listen-${++made}`;
    this.data = data;
    this.keep = keep;
    this.say = speaker(data.words);
    this.number = writer(data.language);
    this.view = new View(data.duration_s);
    this.full = data.top_hz > USUAL_TOP_HZ;
    this.mel = false;
    this.selection = null;
    this.chosen = null;
    this.editing = false;
    this.sharp = "pitch";
    this.spectrograms = {};
    for (const name of Object.keys(data.grids)) this.spectrograms[name] = new Spectrogram(data.levels, data.colours);
    this.player = new Player(data, () => this.heard());
    this.begin();
    build(this);
    this.fill();
    this.edit(data.editable && this.draft.found);
    this.listeners();
    this.load();
  }

  // ---- what Python gives ----

  accepts(data) {
    const same = (name) => JSON.stringify(data[name]) === JSON.stringify(this.data[name]);
    return ["draft", "sound", "language", "editable", "top_hz"].every(same);
  }

  update(data, keep) {
    const had = JSON.stringify(this.data.overlay);
    const before = JSON.stringify([this.data.begin, this.data.corrections]);
    [this.data, this.keep] = [data, keep];
    if (JSON.stringify([data.begin, data.corrections]) !== before) {
      const untouched = !this.draft.changed;
      const isKept = this.draft.rebase(this.base());
      if (untouched || isKept) {
        this.begin();
      }
      if (this.waiting && isKept) {
        this.edit(false);
        this.tell("kept");
      }
      this.waiting = false;
    }
    this.fill();
    if (JSON.stringify(data.overlay) !== had) this.loadOverlay();
    this.draw();
  }

  /** The cycles that a correction begins with. */
  base() {
    return this.data.corrections ?? this.data.begin;
  }

  /** Begin a correction, or find the one that was begun; a finding that is none any more is left open. */
  begin() {
    const { draft, duration_s, shortest_s, labels } = this.data;
    this.draft = new Draft(draft, this.base(), duration_s, shortest_s);
    for (const cycle of this.draft.cycles) if (!(cycle.label in labels)) cycle.label = null;
    this.chosen = null;
  }

  async load() {
    this.tell("loading");
    try {
      await Promise.all([this.player.load(), this.loadGrids()]);
    } catch {
      this.tell("not_loaded");
      return;
    }
    this.outline = new Outline(this.player.samples);
    this.root.classList.add("ready");
    this.tell(this.editing && this.draft.found ? "found_again" : "");
    this.loadOverlay();
    this.draw();
  }

  get spectrogram() {
    return this.spectrograms[this.sharp];
  }

  /** Fetch what the picture needs now and does not have yet. */
  async loadGrids() {
    const { spectrogram } = this;
    const grids = this.data.grids[this.sharp];
    const missing = ["low", ...(this.full && grids.high ? ["high"] : [])].filter((name) => !spectrogram[name]);
    await Promise.all(
      missing.map(async (name) => {
        const answer = await fetch(grids[name].address);
        if (!answer.ok) throw new Error(`the spectrogram was not found (${answer.status})`);
        spectrogram[name] = { ...grids[name], levels: new Uint8Array(await answer.arrayBuffer()) };
      }),
    );
  }

  async loadOverlay() {
    const { overlay } = this.data;
    this.overlay = null;
    if (!overlay) return;
    const image = new Image();
    image.src = overlay.address;
    try {
      await image.decode();
    } catch {
      return; // what cannot be drawn is not laid over
    }
    this.overlay = image;
    this.draw();
  }

  // ---- what is on the screen ----

  fill() {
    const { data } = this;
    this.lanes.model.fill(
      data.cycles.map((cycle, place) => ({ ...cycle, id: place + 1, told: this.cycleTold(cycle, place + 1) })),
    );
    this.lanes.marks.fill(
      data.marks.map((place, number) => ({
        ...place,
        id: number + 1,
        letter: MARKS[place.kind] ? this.say(MARKS[place.kind]) : place.kind,
        look: `mark mark-${place.kind}`,
        told: this.say("mark", { ...this.edges(place), words: place.words }),
      })),
    );
    this.fillMine();
  }

  fillMine() {
    const { labels } = this.data;
    const items = this.draft.cycles.map((cycle, place) => {
      const look = labels[cycle.label ?? ""];
      return { ...cycle, ...look, told: this.cycleTold({ ...cycle, ...look, told: "" }, place + 1) };
    });
    this.lanes.mine.fill(items, this.chosen);
    const shown = this.editing || Boolean(this.data.corrections);
    this.box.classList.toggle("has-mine", shown);
    const looks = new Map([...this.data.cycles, ...(shown ? items : [])].map((one) => [one.words, one]));
    this.signs.replaceChildren(...[...looks.values()].map((look) => element("li", {}, sign(look), look.words)));
    const edges = new Set();
    for (const { start_s, end_s } of this.editing ? this.draft.cycles : this.base()) edges.add(start_s).add(end_s);
    this.borderTimes = [...edges];
    this.borders.replaceChildren(...this.borderTimes.map(() => element("i")));
    this.fillTools();
    this.draw();
  }

  fillTools() {
    const { draft } = this;
    const cycle = draft.get(this.chosen);
    this.toolBox.hidden = !this.editing;
    this.cycleTools.hidden = !cycle;
    if (cycle) {
      const number = draft.cycles.indexOf(cycle) + 1;
      this.cycleName.textContent = this.say("cycle", { number });
      for (const [edge, input] of Object.entries(this.edgeInputs)) input.value = cycle[edge].toFixed(2);
      this.labels.set(cycle.label);
    }
    this.removeAllButton.disabled = !draft.cycles.length;
    this.undoButton.disabled = !draft.done.length;
    this.redoButton.disabled = !draft.undone.length;
    this.discardButton.disabled = this.keepButton.disabled = !draft.changed;
    this.stillOpen.textContent = draft.unlabelled ? this.say("open", { count: draft.unlabelled }) : "";
  }

  cycleTold(cycle, number) {
    const told = this.say("cycle_told", { number, ...this.edges(cycle), words: cycle.words });
    return cycle.told ? `${told} ${cycle.told}` : told;
  }

  edges({ start_s, end_s }) {
    return { from: this.number(start_s, 2), to: this.number(end_s, 2) };
  }

  tell(key, values) {
    this.status.textContent = key ? this.say(key, values) : "";
  }

  seconds(time_s, digits = 1) {
    return `${this.number(time_s, digits)} s`;
  }

  // ---- drawing ----

  /** Draw everything before the screen is shown next. */
  draw() {
    if (this.frameAsked) return;
    this.frameAsked = requestAnimationFrame(() => {
      this.frameAsked = 0;
      this.drawNow();
    });
  }

  drawNow() {
    const { view, player } = this;
    if (this.gone || !this.wave.clientWidth) return;
    const { nyquist_hz } = this.data;
    this.axis = new FrequencyAxis(this.full ? nyquist_hz : Math.min(USUAL_TOP_HZ, nyquist_hz), this.mel);
    if (this.outline) {
      drawWave(this.wave, this.outline, this.data.rate_hz, view.start_s, view.end_s);
      drawWave(this.overviewCanvas, this.outline, this.data.rate_hz, 0, view.duration_s);
    }
    this.spectrogram.draw(this.sound, view.start_s, view.end_s, this.axis, (hz) => player.filterDb(hz));
    if (this.overlay) {
      drawOverlay(this.sound, this.overlay, this.data.overlay, view.start_s, view.end_s, this.axis);
    }
    this.place();
  }

  /** Put what lies over and beside the pictures where it belongs. */
  place() {
    const { view, axis } = this;
    for (const lane of Object.values(this.lanes)) lane.place(view);
    stretch(this.window, view.start_s / view.duration_s, view.end_s / view.duration_s);
    [...this.borders.children].forEach((line, number) => point(line, view.share(this.borderTimes[number])));
    const { selection } = this;
    this.selectionBox.hidden = this.shade.hidden = !selection;
    for (const box of selection ? [this.selectionBox, this.lit] : []) {
      stretch(box, view.share(selection[0]), view.share(selection[1]));
    }
    const cycle = this.editing ? this.draft.get(this.chosen) : null;
    this.chosenBox.hidden = !cycle;
    if (cycle) stretch(this.chosenBox, view.share(cycle.start_s), view.share(cycle.end_s));
    for (const edge of [...this.selectionEdges, ...this.chosenEdges]) edge.refresh();
    const wanted = Math.max(3, Math.floor(this.wave.clientWidth / 90));
    const round = roundNumbers(view.start_s, view.end_s, wanted);
    const digits = Math.max(0, -Math.floor(Math.log10((round[1] ?? view.end_s) - round[0]) + 1e-9));
    const times = round.map((time_s) => {
      const left = `${100 * view.share(time_s)}%`;
      return element("span", { style: `left:${left};transform:translateX(-${left})` }, this.number(time_s, digits));
    });
    this.times.replaceChildren(...times, element("b", {}, this.say("axis_time")));
    const ticks = axis.ticks(this.sound.clientHeight);
    const heights = ticks.map((hz) => mark(`${100 * (1 - axis.share(hz))}%`, this.number(hz)));
    this.frequencies.replaceChildren(this.frequencies.firstChild, ...heights);
    const [from, to] = [view.start_s, view.end_s].map((time_s) => this.number(time_s, 1));
    this.sound.setAttribute("aria-label", this.say("picture", { top: this.number(axis.top_hz), from, to }));
    this.heard();
  }

  /** Show where it plays; called often. */
  heard() {
    const { player, view, say } = this;
    if (!this.cursor || this.gone) return;
    const at = player.position_s;
    const playing = player.playing;
    if (playing && !this.gestures?.drag && view.follow(at)) this.draw();
    point(this.cursor, view.share(at));
    const clock = `${this.number(at, 1)} / ${this.number(view.duration_s, 1)} s`;
    if (this.clock.textContent !== clock) this.clock.textContent = clock;
    if (this.shownPlaying !== playing) {
      this.shownPlaying = playing;
      const look = playing ? icon("M7 4v16M17 4v16") : icon("M7 4l13 8-13 8z", true);
      this.playButton.replaceChildren(look, say(playing ? "pause" : "play"));
      if (playing) document.dispatchEvent(new CustomEvent(PLAYING, { detail: this }));
    }
    // A slider that moves by itself would be read aloud without end.
    if (!playing) {
      this.seekLayer.setAttribute("aria-valuenow", at.toFixed(2));
      const told = { at: this.seconds(at), whole: this.seconds(view.duration_s) };
      this.seekLayer.setAttribute("aria-valuetext", say("at", told));
    }
    if (this.gainShown !== `${player.filter}${player.gain_db}`) this.showGain();
    cancelAnimationFrame(this.playFrame);
    if (playing) this.playFrame = requestAnimationFrame(() => player.tick());
  }

  showGain() {
    const { player } = this;
    this.gainShown = `${player.filter}${player.gain_db}`;
    const signed = (value) => `${value > 0 ? "+" : ""}${this.number(value, 1)} dB`;
    this.gain.value = String(player.gain_db);
    this.gainText.textContent = signed(player.gain_db);
    this.gain.setAttribute("aria-valuetext", signed(player.gain_db));
    const most = signed(player.most_db);
    this.gainMost.textContent = this.say("gain_most", { most });
    this.gainMost.title = this.say("gain_why", { most });
    this.gainMost.classList.toggle("full", player.gain_db >= player.most_db - 0.01);
  }

  // ---- listening ----

  async toggle() {
    if (this.player.playing) return this.player.pause();
    try {
      await this.player.play();
    } catch {
      this.tell("not_played");
    }
  }

  seek(time_s) {
    const { loop, stretch: kept } = this.player;
    if (loop && kept && !(time_s >= kept[0] && time_s <= kept[1])) this.select(null);
    this.player.seek(time_s);
    if (this.view.follow(this.player.position_s)) this.draw();
  }

  setLoop(on) {
    const { player } = this;
    player.loop = on;
    this.loopButton.setAttribute("aria-pressed", on);
    if (on && player.stretch && !player.within(player.position_s)) player.seek(player.stretch[0]);
  }

  setHalf(on) {
    this.player.half = on;
    this.halfButton.setAttribute("aria-pressed", on);
  }

  setFilter(name) {
    this.filters.set(name);
    this.player.setFilter(name);
    this.tell(name !== "off" && !this.player.sections().length ? "filter_missing" : "");
    this.draw();
  }

  setGain(gain_db) {
    this.player.setGain(gain_db);
    this.showGain();
  }

  /** What a loop keeps to: what is selected, or else the cycle that is being corrected. */
  setStretch() {
    const cycle = this.editing ? this.draft.get(this.chosen) : null;
    this.player.stretch = this.selection ?? (cycle ? [cycle.start_s, cycle.end_s] : null);
  }

  select(start_s, end_s, seek = false) {
    const least = Math.min(0.02, this.data.duration_s);
    const within = (time_s) => Math.max(0, Math.min(this.data.duration_s, time_s));
    this.selection = start_s === null ? null : [within(start_s), within(Math.max(end_s, start_s + least))];
    if (this.selection) {
      const [from, to] = this.selection.map((time_s) => this.number(time_s, 2));
      this.tell("selected", { from, to, length: this.number(this.selection[1] - this.selection[0], 2) });
    } else this.tell("");
    this.setStretch();
    if (seek) {
      this.player.seek(this.selection[0]);
      this.reveal(this.selection[0], this.selection[1]);
    }
    this.draw();
  }

  moveSelection(edge, time_s) {
    const [start_s, end_s] = this.selection;
    const at = Math.max(0, Math.min(this.data.duration_s, time_s));
    if (edge === "start_s") this.select(Math.min(at, end_s - 0.02), end_s);
    else this.select(start_s, Math.max(at, start_s + 0.02));
  }

  // ---- looking ----

  show(start_s, end_s) {
    this.view.show(start_s, end_s);
    this.draw();
  }

  zoom(factor, time_s) {
    const { view } = this;
    const at = this.player.position_s;
    const inView = at >= view.start_s && at <= view.end_s;
    view.zoom(factor, time_s ?? (inView ? at : view.time(0.5)));
    this.draw();
  }

  pan(by_s) {
    this.view.pan(by_s);
    this.draw();
  }

  /** Bring a stretch into view. */
  reveal(start_s, end_s) {
    const { view } = this;
    if (start_s >= view.start_s && end_s <= view.end_s) return;
    const span = Math.max(view.span_s, 1.2 * (end_s - start_s));
    const middle = (start_s + end_s) / 2;
    this.show(middle - span / 2, middle + span / 2);
  }

  setFull(full) {
    this.full = full && Boolean(this.data.grids.pitch.high);
    this.ranges?.set(this.full ? "full" : "low");
    return this.redraw();
  }

  setSharp(name) {
    this.sharp = this.spectrograms[name] ? name : "pitch";
    this.sharps?.set(this.sharp);
    return this.redraw();
  }

  /** Draw with what may have to be fetched first. */
  async redraw() {
    this.draw();
    try {
      await this.loadGrids();
    } catch {
      this.tell("not_loaded");
    }
    this.draw();
  }

  setMel(mel) {
    this.mel = mel;
    this.scales.set(mel ? "mel" : "linear");
    this.draw();
  }

  setHelp(shown) {
    this.helpBox.hidden = !shown;
    this.helpButton.setAttribute("aria-expanded", shown);
    if (shown) this.helpBox.focus();
  }

  // ---- correcting ----

  edit(on) {
    this.editing = on;
    this.editButton?.setAttribute("aria-pressed", on);
    this.box.classList.toggle("editing", on);
    if (!on) this.chosen = null;
    this.setStretch();
    this.fillMine();
  }

  choose(id) {
    const cycle = this.draft.get(id);
    if (!cycle) return;
    if (!this.editing) return this.select(cycle.start_s, cycle.end_s, true);
    this.chosen = id;
    this.select(null);
    this.player.seek(cycle.start_s);
    this.reveal(cycle.start_s, cycle.end_s);
    this.fillMine();
  }

  moveEdge(edge, time_s, alone) {
    if (Number.isFinite(time_s)) this.draft.moveEdge(this.chosen, edge, time_s, alone);
    this.setStretch();
    this.fillMine();
  }

  relabel(label) {
    if (!this.draft.get(this.chosen)) return;
    this.draft.relabel(this.chosen, label);
    this.tell("cycle_now", { words: this.data.labels[label].words });
    this.fillMine();
  }

  remove() {
    const place = this.draft.cycles.findIndex((cycle) => cycle.id === this.chosen);
    if (place < 0) return;
    this.draft.remove(this.chosen);
    this.chosen = (this.draft.cycles[place] ?? this.draft.cycles[place - 1])?.id ?? null;
    this.setStretch();
    this.fillMine();
    this.tell("removed");
    this.focusMine();
  }

  removeAll() {
    this.draft.removeAll();
    this.chosen = null;
    this.setStretch();
    this.fillMine();
    this.tell("removed_all");
  }

  /** Draw a new cycle: where something is selected, or else two seconds from the cursor on. */
  add(start_s, end_s) {
    const at = this.player.position_s;
    const [from, to] = start_s !== undefined ? [start_s, end_s] : (this.selection ?? [at, at + 2]);
    const id = this.draft.add(from, to, null);
    if (id === null) return this.tell("no_room");
    this.selection = null;
    this.choose(id);
    this.tell("added");
    this.focusMine();
  }

  focusMine() {
    this.lanes.mine.focus(this.chosen) || this.seekLayer.focus();
  }

  undo(way) {
    this.draft[way]();
    if (!this.draft.get(this.chosen)) this.chosen = null;
    this.setStretch();
    this.fillMine();
  }

  discard() {
    this.draft.discard();
    this.chosen = null;
    this.setStretch();
    this.fillMine();
    this.tell("discarded");
  }

  hand() {
    this.waiting = true;
    this.tell("handed");
    this.keep(sendable(this.draft.cycles));
    // Where it could not be kept nothing comes back.
    setTimeout(() => {
      if (this.waiting && this.draft.changed) this.tell("found_again");
      this.waiting = false;
    }, PATIENCE_MS);
  }

  // ---- mouse, finger, key ----

  timeAt(event) {
    const box = this.seekLayer.getBoundingClientRect();
    return this.view.time((event.clientX - box.left) / box.width);
  }

  listeners() {
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.box);
    this.others = (event) => event.detail !== this && this.player.pause();
    document.addEventListener(PLAYING, this.others);
    this.root.addEventListener("keydown", (event) => pressed(this, event));
    this.gestures = new Gestures(this);
  }

  /** Go to the cycle before or after the one that is at the cursor. */
  next(by) {
    const lane = this.editing ? this.lanes.mine : this.lanes.model;
    const starts = [...lane.items].sort((one, other) => one.start_s - other.start_s);
    const at = this.player.position_s;
    const found =
      by > 0 ? starts.find((item) => item.start_s > at + 0.02) : starts.findLast((item) => item.start_s < at - 0.02);
    if (!found) return;
    if (this.editing) this.choose(found.id);
    else this.select(found.start_s, found.end_s, true);
  }

  escape() {
    if (!this.helpBox.hidden) {
      this.setHelp(false);
      this.helpButton.focus();
    } else if (this.selection) this.select(null);
    else if (this.chosen !== null) {
      this.chosen = null;
      this.setStretch();
      this.fillMine();
    }
  }

  dispose() {
    this.gone = true;
    this.sizes.disconnect();
    document.removeEventListener(PLAYING, this.others);
    cancelAnimationFrame(this.playFrame);
    cancelAnimationFrame(this.frameAsked);
    this.player.dispose();
  }
}

/** Put an element over a stretch, given as shares of the picture. */
function stretch(box, from, to) {
  box.style.left = `${100 * from}%`;
  box.style.width = `${100 * (to - from)}%`;
}

/** Put a line at a share of the picture; away where it is not in view. */
function point(line, share) {
  line.hidden = share < 0 || share > 1;
  line.style.left = `${100 * share}%`;
}

