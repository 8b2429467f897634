// From seconds and hertz to shares of the picture and back; round numbers for its axes.

export const SHORTEST_VIEW_S = 0.2;

/** Return the mel of a frequency, after O'Shaughnessy (1987). */
export const mel = (hz) => 2595 * Math.log10(1 + hz / 700);
export const fromMel = (value) => 700 * (10 ** (value / 2595) - 1);

/** A frequency axis from 0 Hz at the bottom: `share` is 0 there and 1 at `top_hz`. */
export class FrequencyAxis {
  constructor(top_hz, isMel) {
    this.top_hz = top_hz;
    this.isMel = isMel;
  }

  share(hz) {
    return this.isMel ? mel(hz) / mel(this.top_hz) : hz / this.top_hz;
  }

  hz(share) {
    return this.isMel ? fromMel(share * mel(this.top_hz)) : share * this.top_hz;
  }

  /** Return the frequencies to be written beside an axis of so many pixels. */
  ticks(height_px) {
    const room = 22 / height_px;
    if (!this.isMel) {
      return roundNumbers(0, this.top_hz, Math.max(2, Math.min(6, Math.floor(height_px / 44))));
    }
    const round = [0, 100, 200, 500, 1000, 2000, 5000, 10000, 20000];
    const kept = [];
    for (const hz of round) {
      if (hz <= this.top_hz && (!kept.length || this.share(hz) - this.share(kept.at(-1)) >= room)) kept.push(hz);
    }
    return kept;
  }
}

/** The stretch of time that is shown. */
export class View {
  constructor(duration_s) {
    this.duration_s = duration_s;
    this.start_s = 0;
    this.end_s = duration_s;
  }

  get span_s() {
    return this.end_s - this.start_s;
  }

  get isWhole() {
    return this.span_s >= this.duration_s - 1e-6;
  }

  share(time_s) {
    return (time_s - this.start_s) / this.span_s;
  }

  time(share) {
    return this.start_s + share * this.span_s;
  }

  show(start_s, end_s) {
    const span = Math.min(this.duration_s, Math.max(Math.min(SHORTEST_VIEW_S, this.duration_s), end_s - start_s));
    this.start_s = Math.max(0, Math.min(this.duration_s - span, start_s));
    this.end_s = this.start_s + span;
  }

  /** Show `factor` times less of the recording; what lies at `time_s` stays where it is. */
  zoom(factor, time_s) {
    const least = Math.min(SHORTEST_VIEW_S, this.duration_s);
    const span = Math.max(least, Math.min(this.duration_s, this.span_s / factor));
    const start = time_s - this.share(time_s) * span;
    this.show(start, start + span);
  }

  pan(by_s) {
    this.show(this.start_s + by_s, this.end_s + by_s);
  }

  /** Turn the page when the cursor has left it. */
  follow(time_s) {
    if (time_s >= this.start_s && time_s <= this.end_s) return false;
    this.show(time_s - 0.1 * this.span_s, time_s + 0.9 * this.span_s);
    return true;
  }
}

/** Return round numbers from `low` to `high`, about `wanted` of them. */
export function roundNumbers(low, high, wanted) {
  const rough = (high - low) / wanted;
  if (!(rough > 0)) return [low];
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => magnitude * factor).find((size) => size >= rough * 0.999);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, place) => Number(((first + place) * step).toPrecision(12)));
}
