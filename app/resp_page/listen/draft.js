// The correction that is being made: cycles, undo and redo, and what survives that the browser is closed.

const STORE = "resp-listen:";
const LONGEST_MS = 30 * 24 * 3600 * 1000;
const TOUCH_S = 0.002; // edges this near to each other are one

/** What is sent: all cycles, in order, to the millisecond. */
export function sendable(cycles) {
  const round = (value) => Math.round(value * 1000) / 1000;
  return cycles
    .map(({ start_s, end_s, label }) => ({ start_s: round(start_s), end_s: round(end_s), label: label ?? null }))
    .sort((one, other) => one.start_s - other.start_s || one.end_s - other.end_s);
}

const same = (one, other) => JSON.stringify(sendable(one)) === JSON.stringify(sendable(other));

export class Draft {
  /** Begin with `base`, or with what was begun in this browser before and not kept. */
  constructor(key, base, duration_s, shortest_s) {
    this.place = STORE + key;
    this.duration_s = duration_s;
    this.shortest_s = Math.min(shortest_s, duration_s);
    this.next = 1;
    this.undone = [];
    this.done = [];
    this.base = base;
    const stored = this.read();
    this.found = Boolean(stored && !same(stored, base));
    this.cycles = this.named(this.found ? stored : base);
  }

  /** Take what Python knows now as the beginning; returns whether the draft is just that. */
  rebase(base) {
    this.base = base;
    const isKept = same(this.cycles, base);
    if (isKept) this.forget();
    return isKept;
  }

  get changed() {
    return !same(this.cycles, this.base);
  }

  get unlabelled() {
    return this.cycles.filter((cycle) => !cycle.label).length;
  }

  get(id) {
    return this.cycles.find((cycle) => cycle.id === id);
  }

  /** Remember how it is now, so that what follows can be undone in one step. */
  mark() {
    this.done.push(this.cycles.map((cycle) => ({ ...cycle })));
    this.undone = [];
  }

  undo() {
    this.swap(this.done, this.undone);
  }

  redo() {
    this.swap(this.undone, this.done);
  }

  swap(from, to) {
    if (!from.length) return;
    to.push(this.cycles);
    this.cycles = from.pop();
    this.write();
  }

  /** Move an edge; a cycle that touches it there goes along unless `alone`, and no cycle is run over. */
  moveEdge(id, edge, time_s, alone = false) {
    const cycle = this.get(id);
    const other = edge === "start_s" ? "end_s" : "start_s";
    const others = this.cycles.filter((one) => one !== cycle);
    const touching = others.filter((one) => Math.abs(one[other] - cycle[edge]) < TOUCH_S);
    const along = alone ? [] : touching;
    const isStart = edge === "start_s";
    let low = isStart ? 0 : cycle.start_s + this.shortest_s;
    let high = isStart ? cycle.end_s - this.shortest_s : this.duration_s;
    for (const one of others) {
      if (along.includes(one)) {
        if (isStart) low = Math.max(low, one.start_s + this.shortest_s);
        else high = Math.min(high, one.end_s - this.shortest_s);
      } else if (isStart && one.end_s <= cycle.start_s + TOUCH_S) low = Math.max(low, one.end_s);
      else if (!isStart && one.start_s >= cycle.end_s - TOUCH_S) high = Math.min(high, one.start_s);
    }
    const to = Math.max(low, Math.min(high, time_s));
    if (low > high + 1e-9) return;
    for (const one of along) one[other] = to;
    cycle[edge] = to;
    this.write();
  }

  /** Move a whole cycle to begin at `start_s`, as far as there is room. */
  shift(id, start_s) {
    const cycle = this.get(id);
    const length = cycle.end_s - cycle.start_s;
    let [low, high] = [0, this.duration_s];
    for (const one of this.cycles) {
      if (one === cycle) continue;
      if (one.end_s <= cycle.start_s + TOUCH_S) low = Math.max(low, one.end_s);
      if (one.start_s >= cycle.end_s - TOUCH_S) high = Math.min(high, one.start_s);
    }
    cycle.start_s = Math.max(low, Math.min(high - length, start_s));
    cycle.end_s = cycle.start_s + length;
    this.write();
  }

  relabel(id, label) {
    this.mark();
    this.get(id).label = label;
    this.write();
  }

  remove(id) {
    this.mark();
    this.cycles = this.cycles.filter((cycle) => cycle.id !== id);
    this.write();
  }

  removeAll() {
    this.mark();
    this.cycles = [];
    this.write();
  }

  /** Add a cycle where there is room for one; returns its id, or null where there is none. */
  add(start_s, end_s, label) {
    const middle = (start_s + end_s) / 2;
    let low = Math.max(0, start_s);
    let high = Math.min(this.duration_s, end_s);
    for (const cycle of this.cycles) {
      if (cycle.start_s <= middle && cycle.end_s >= middle) return null;
      if (cycle.end_s <= middle) low = Math.max(low, cycle.end_s);
      if (cycle.start_s >= middle) high = Math.min(high, cycle.start_s);
    }
    if (high - low < this.shortest_s - 1e-9) return null;
    this.mark();
    const [made] = this.named([{ start_s: low, end_s: high, label }]);
    this.cycles.push(made);
    this.cycles.sort((one, other) => one.start_s - other.start_s);
    this.write();
    return made.id;
  }

  /** Go back to what Python knows. */
  discard() {
    this.mark();
    this.cycles = this.named(this.base);
    this.forget();
  }

  named(cycles) {
    return cycles.map(({ start_s, end_s, label }) => ({ id: this.next++, start_s, end_s, label: label ?? null }));
  }

  read() {
    try {
      for (const place of Object.keys(localStorage)) {
        if (place.startsWith(STORE) && !(JSON.parse(localStorage.getItem(place)).at > Date.now() - LONGEST_MS)) {
          localStorage.removeItem(place);
        }
      }
      return JSON.parse(localStorage.getItem(this.place))?.cycles ?? null;
    } catch {
      return null;
    }
  }

  write() {
    try {
      localStorage.setItem(this.place, JSON.stringify({ at: Date.now(), cycles: this.cycles }));
    } catch {
      // A full or forbidden store: the draft lives as long as the page.
    }
  }

  forget() {
    try {
      localStorage.removeItem(this.place);
    } catch {
      // As above.
    }
  }
}
