// What is drawn on canvases: the waveform, the spectrogram through the filter, what is laid over it, the overview.
import { FrequencyAxis } from "./scales.js";

const BLOCK = 64;
const COARSE = 64; // blocks of a coarse one

/** Lowest and highest sample of any stretch, quickly. */
export class Outline {
  constructor(samples) {
    this.samples = samples;
    this.fine = extremes(samples, samples, BLOCK);
    this.coarse = extremes(this.fine.low, this.fine.high, COARSE);
  }

  /** Return the lowest and the highest of samples `first` to `last`, the last one left out. */
  between(first, last) {
    const size = last - first;
    const [scale, low, high] =
      size > 2 * BLOCK * COARSE
        ? [BLOCK * COARSE, this.coarse.low, this.coarse.high]
        : size > 2 * BLOCK
          ? [BLOCK, this.fine.low, this.fine.high]
          : [1, this.samples, this.samples];
    const begin = Math.max(0, Math.floor(first / scale));
    const end = Math.min(low.length, Math.max(begin + 1, Math.ceil(last / scale)));
    let [lowest, highest] = [0, 0];
    if (begin < low.length) [lowest, highest] = [low[begin], high[begin]];
    for (let place = begin + 1; place < end; place++) {
      if (low[place] < lowest) lowest = low[place];
      if (high[place] > highest) highest = high[place];
    }
    return [lowest, highest];
  }
}

function extremes(lows, highs, size) {
  const blocks = Math.ceil(lows.length / size);
  const [low, high] = [new Int16Array(blocks), new Int16Array(blocks)];
  for (let block = 0; block < blocks; block++) {
    const end = Math.min(lows.length, (block + 1) * size);
    let [lowest, highest] = [32767, -32768];
    for (let place = block * size; place < end; place++) {
      if (lows[place] < lowest) lowest = lows[place];
      if (highs[place] > highest) highest = highs[place];
    }
    [low[block], high[block]] = [lowest, highest];
  }
  return { low, high };
}

/** Make a canvas as fine as the screen; returns its context and size in the screen's own pixels. */
export function fitted(canvas) {
  const scale = Math.min(window.devicePixelRatio || 1, 2);
  const width = Math.max(1, Math.round(canvas.clientWidth * scale));
  const height = Math.max(1, Math.round(canvas.clientHeight * scale));
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  return { context: canvas.getContext("2d"), width, height, scale };
}

/** Draw the waveform from `start_s` to `end_s`, full scale from edge to edge. */
export function drawWave(canvas, outline, rate_hz, start_s, end_s) {
  const { context, width, height, scale } = fitted(canvas);
  const middle = height / 2;
  const reach = (middle - scale) / 32768;
  context.clearRect(0, 0, width, height);
  context.fillStyle = context.strokeStyle = getComputedStyle(canvas).color;
  context.globalAlpha = 0.2;
  context.fillRect(0, middle - scale / 2, width, scale);
  context.globalAlpha = 0.85;
  const a_pixel = ((end_s - start_s) * rate_hz) / width;
  if (a_pixel < 2) {
    const first = Math.max(0, Math.floor(start_s * rate_hz) - 1);
    const last = Math.min(outline.samples.length - 1, Math.ceil(end_s * rate_hz) + 1);
    context.lineWidth = 1.25 * scale;
    context.beginPath();
    for (let place = first; place <= last; place++) {
      context.lineTo((place - start_s * rate_hz) / a_pixel, middle - outline.samples[place] * reach);
    }
    context.stroke();
  } else {
    for (let x = 0; x < width; x++) {
      const from = Math.floor(start_s * rate_hz + x * a_pixel);
      const [low, high] = outline.between(from, Math.floor(from + a_pixel) + 1);
      context.fillRect(x, middle - high * reach, 1, Math.max(scale, (high - low) * reach));
    }
  }
  context.globalAlpha = 1;
}

/** A spectrogram whose levels came as bytes: column by column, 0 Hz first. */
export class Spectrogram {
  constructor(levels, colours) {
    [this.floor_db, this.ceiling_db, this.range_db] = levels;
    this.colours = new Uint32Array(256);
    const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
    for (let place = 0; place < 256; place++) {
      const [red, green, blue] = colours.slice(3 * place, 3 * place + 3);
      this.colours[place] = littleEndian
        ? (255 << 24) | (blue << 16) | (green << 8) | red
        : (red << 24) | (green << 16) | (blue << 8) | 255;
    }
    this.low = this.high = null;
    this.buffer = document.createElement("canvas");
  }

  get rows() {
    return (this.low?.rows ?? 0) + (this.high?.rows ?? 0);
  }

  /** Where a frequency lies among the rows of both grids, as a number with a fraction. */
  row(hz) {
    const { low, high } = this;
    const place = hz / low.step_hz;
    if (place <= low.rows - 1 || !high) return Math.min(place, low.rows - 1);
    const above = (hz - high.first_hz) / high.step_hz;
    return above < 0 ? low.rows - 1 : low.rows + Math.min(above, high.rows - 1);
  }

  /** Draw the stretch; `gainDb(hz)` is what the filter does to a frequency. */
  draw(canvas, start_s, end_s, axis, gainDb) {
    const { context, width, height } = fitted(canvas);
    if (!this.low) return;
    const { hop_s, columns } = this.low;
    const first = Math.max(0, Math.floor(start_s / hop_s - 0.5));
    const last = Math.min(columns, Math.ceil(end_s / hop_s + 0.5));
    const shown = Math.max(1, Math.min(width, last - first));
    const image = new ImageData(shown, height);
    const pixels = new Uint32Array(image.data.buffer);
    const rows = this.pixelRows(height, axis, gainDb);
    const column = new Float32Array(this.rows);
    const scale = (255 * (this.ceiling_db - this.floor_db)) / 255 / this.range_db;
    for (let x = 0; x < shown; x++) {
      const from = first + Math.floor((x * (last - first)) / shown);
      const to = Math.max(from + 1, first + Math.floor(((x + 1) * (last - first)) / shown));
      this.together(from, to, column);
      for (let y = 0; y < height; y++) {
        const below = rows.below[y];
        const value = column[below] + rows.share[y] * (column[rows.above[y]] - column[below]);
        const colour = value * scale + rows.shift[y];
        pixels[y * shown + x] = this.colours[colour < 0 ? 0 : colour > 255 ? 255 : colour | 0];
      }
    }
    [this.buffer.width, this.buffer.height] = [shown, height];
    this.buffer.getContext("2d").putImageData(image, 0, 0);
    const second = width / (end_s - start_s);
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.buffer, (first * hop_s - start_s) * second, 0, (last - first) * hop_s * second, height);
  }

  /** For each pixel from the top: the two rows that it lies between, and what is added for the filter. */
  pixelRows(height, axis, gainDb) {
    const below = new Uint16Array(height);
    const above = new Uint16Array(height);
    const share = new Float32Array(height);
    const shift = new Float32Array(height);
    for (let y = 0; y < height; y++) {
      const hz = axis.hz(1 - (y + 0.5) / height);
      const row = this.row(hz);
      below[y] = Math.floor(row);
      above[y] = Math.min(this.rows - 1, below[y] + 1);
      share[y] = row - below[y];
      shift[y] = (255 * (this.floor_db + this.range_db + gainDb(hz))) / this.range_db;
    }
    return { below, above, share, shift };
  }

  /**
   * Some columns as one, row by row of both grids: midway between their mean and the loudest, so that neither a short
   * crackle is lost in the whole recording nor its background is raised.
   */
  together(from, to, into) {
    let place = 0;
    for (const grid of [this.low, this.high]) {
      if (!grid) continue;
      const { rows, levels } = grid;
      for (let row = 0; row < rows; row++) {
        let sum = 0;
        let most = 0;
        for (let at = from * rows + row; at < to * rows; at += rows) {
          sum += levels[at];
          if (levels[at] > most) most = levels[at];
        }
        into[place + row] = (sum / (to - from) + most) / 2;
      }
      place += rows;
    }
  }
}

/** Lay a picture, 0 Hz at its lower end and `top_hz` at its upper one, over its stretch of a canvas. */
export function drawOverlay(canvas, image, overlay, start_s, end_s, axis) {
  const { context, width, height } = fitted(canvas);
  const left = ((overlay.start_s - start_s) / (end_s - start_s)) * width;
  const across = ((overlay.end_s - overlay.start_s) / (end_s - start_s)) * width;
  const full = new FrequencyAxis(overlay.top_hz, false);
  // Row by row, as the axes may differ.
  for (let y = 0; y < height; y++) {
    const upper = 1 - full.share(axis.hz(1 - y / height));
    const lower = 1 - full.share(axis.hz(1 - (y + 1) / height));
    if (lower <= 0) continue;
    const top = Math.max(0, upper) * image.naturalHeight;
    const rows = Math.max(0.5, lower * image.naturalHeight - top);
    context.drawImage(image, 0, top, image.naturalWidth, rows, left, y, across, 1);
  }
}
