// The sound: fetched once, played by the browser's own player, through the stethoscope's filter and a capped gain.

/** Return the 16-bit samples of a WAV file of one channel. */
export function wavSamples(buffer) {
  const view = new DataView(buffer);
  for (let place = 12; place + 8 <= buffer.byteLength; ) {
    const name = String.fromCharCode(...new Uint8Array(buffer, place, 4));
    const length = Math.min(view.getUint32(place + 4, true), buffer.byteLength - place - 8);
    if (name === "data") return new Int16Array(buffer.slice(place + 8, place + 8 + 2 * (length >> 1)));
    place += 8 + length + (length & 1);
  }
  return new Int16Array(0);
}

/** Return a filter's second-order sections as nodes, in order. */
export function filterNodes(context, sections) {
  return sections.map(([b0, b1, b2, a0, a1, a2]) => context.createIIRFilter([b0, b1, b2], [a0, a1, a2]));
}

/** Return a node that leaves everything up to 0.9 as it is and lets nothing beyond 0.95. */
export function limiterNode(context) {
  const points = 4001;
  const curve = new Float32Array(points);
  for (let place = 0; place < points; place++) {
    const value = (2 * place) / (points - 1) - 1;
    const beyond = Math.max(0, Math.abs(value) - 0.9);
    curve[place] = Math.sign(value) * (Math.abs(value) - beyond / 2);
  }
  const node = context.createWaveShaper();
  node.curve = curve;
  return node;
}

/** Return a filter's gain in dB at a frequency, from its sections. */
export function magnitudeDb(sections, hz, rate_hz) {
  const angle = (2 * Math.PI * hz) / rate_hz;
  const [c1, s1, c2, s2] = [Math.cos(angle), Math.sin(angle), Math.cos(2 * angle), Math.sin(2 * angle)];
  const power = ([one, two, three]) => (one + two * c1 + three * c2) ** 2 + (two * s1 + three * s2) ** 2;
  let db = 0;
  for (const section of sections) {
    db += 10 * Math.log10(Math.max(power(section.slice(0, 3)), 1e-20) / Math.max(power(section.slice(3)), 1e-30));
  }
  return Math.max(db, -200);
}

const FADE_S = 0.02;

export class Player {
  constructor(data, changed) {
    this.data = data;
    this.changed = changed;
    this.filter = "off";
    this.gain_db = data.most_db.off;
    this.loop = false;
    this.stretch = null; // what is looped: [start_s, end_s]; the whole recording where null
    this.samples = null;
    this.audio = new Audio();
    this.audio.preload = "auto";
    for (const name of ["preservesPitch", "webkitPreservesPitch", "mozPreservesPitch"]) {
      if (name in this.audio) this.audio[name] = true;
    }
    for (const name of ["play", "pause", "seeked", "timeupdate", "ratechange"]) {
      this.audio.addEventListener(name, () => this.tick());
    }
    this.audio.addEventListener("ended", () => this.again());
  }

  /** Fetch the sound; rejects where it cannot be had. */
  async load() {
    const answer = await fetch(this.data.sound);
    if (!answer.ok) throw new Error(`the sound was not found (${answer.status})`);
    const content = await answer.arrayBuffer();
    this.samples = wavSamples(content);
    this.address = URL.createObjectURL(new Blob([content], { type: "audio/wav" }));
    this.audio.src = this.address;
  }

  get position_s() {
    return Math.min(this.audio.currentTime, this.data.duration_s);
  }

  get playing() {
    return !this.audio.paused;
  }

  get most_db() {
    return this.data.most_db[this.filter];
  }

  get half() {
    return this.audio.playbackRate < 1;
  }

  set half(slow) {
    this.audio.playbackRate = this.audio.defaultPlaybackRate = slow ? 0.5 : 1;
  }

  async play() {
    this.connect();
    if (this.loop && this.stretch && !this.within(this.position_s)) this.seek(this.stretch[0]);
    else if (this.position_s >= this.data.duration_s - 0.01) this.seek(0);
    if (this.context?.state === "suspended") await this.context.resume();
    await this.audio.play();
  }

  pause() {
    this.audio.pause();
  }

  seek(time_s) {
    this.audio.currentTime = Math.max(0, Math.min(this.data.duration_s, time_s));
    this.changed();
  }

  within(time_s) {
    return time_s >= this.stretch[0] - 0.02 && time_s < this.stretch[1] - 0.005;
  }

  /** Keep to the loop; called often while it plays, and when its end is due: a hidden page is drawn no more. */
  tick() {
    clearTimeout(this.due);
    if (this.loop && this.stretch && this.playing) {
      if (!this.audio.seeking && !this.within(this.audio.currentTime)) this.audio.currentTime = this.stretch[0];
      const left_s = Math.max(0.02, this.stretch[1] - this.audio.currentTime);
      this.due = setTimeout(() => this.tick(), (1000 * left_s) / this.audio.playbackRate);
    }
    this.changed();
  }

  async again() {
    if (this.loop) {
      this.audio.currentTime = this.stretch ? this.stretch[0] : 0;
      await this.audio.play();
    }
    this.changed();
  }

  setFilter(name) {
    this.filter = name;
    this.setGain(this.gain_db);
    this.route();
  }

  /** Set the gain relative to the sound as recorded, at most as much as does not distort. */
  setGain(gain_db) {
    this.gain_db = Math.min(gain_db, this.most_db);
    const factor = this.factor;
    if (this.gain) this.gain.gain.setTargetAtTime(factor, this.context.currentTime, FADE_S / 2);
    else this.audio.volume = Math.min(1, factor);
    this.changed();
  }

  /** What the file's samples are multiplied by: its largest one is full scale, and was `peak` as recorded. */
  get factor() {
    return this.data.peak * 10 ** (this.gain_db / 20);
  }

  /** Return the filter's sections at a rate, or at the one that the browser filters at; none where there are none. */
  sections(rate_hz = this.context?.sampleRate ?? this.data.rate_hz) {
    return this.data.filters[this.filter]?.[String(rate_hz)] ?? [];
  }

  /** Return what the filter does to a frequency, in dB. */
  filterDb(hz) {
    const sections = this.sections(this.data.rate_hz);
    return sections.length ? magnitudeDb(sections, Math.min(hz, this.data.rate_hz / 2), this.data.rate_hz) : 0;
  }

  /** Put filter, gain and limiter behind the player; only after a press of a key or button, as browsers want it. */
  connect() {
    if (this.context || this.failed) return;
    try {
      this.context = makeContext(this.data.rate_hz);
      this.source = this.context.createMediaElementSource(this.audio);
    } catch {
      this.failed = true; // then it plays as it is
      return;
    }
    this.gain = this.context.createGain();
    this.gain.gain.value = this.factor;
    this.audio.volume = 1;
    this.gain.connect(limiterNode(this.context)).connect(this.context.destination);
    this.route();
  }

  /** Lead the sound through the filter that is chosen, without a click. */
  route() {
    if (!this.context) return;
    const now = this.context.currentTime;
    const last = this.branch;
    const fade = this.context.createGain();
    const nodes = [this.source, ...filterNodes(this.context, this.sections()), fade, this.gain];
    nodes.reduce((before, after) => before.connect(after));
    this.branch = { nodes, fade };
    if (!last) return;
    fade.gain.setValueAtTime(0, now);
    fade.gain.linearRampToValueAtTime(1, now + FADE_S);
    last.fade.gain.setValueAtTime(1, now);
    last.fade.gain.linearRampToValueAtTime(0, now + FADE_S);
    setTimeout(() => {
      this.source.disconnect(last.nodes[1]);
      last.nodes.slice(1).forEach((node) => node !== this.gain && node.disconnect());
    }, 1000 * FADE_S + 100);
  }

  /** Play the whole recording at once through filter, gain and limiter, as it is heard; for measuring. */
  async rendered(rate_hz = this.data.rate_hz) {
    const offline = new OfflineAudioContext(1, this.samples.length, rate_hz);
    const buffer = offline.createBuffer(1, this.samples.length, rate_hz);
    buffer.copyToChannel(Float32Array.from(this.samples, (value) => value / 32768), 0);
    const source = offline.createBufferSource();
    source.buffer = buffer;
    const gain = offline.createGain();
    gain.gain.value = this.factor;
    const nodes = [source, ...filterNodes(offline, this.sections(rate_hz)), gain, limiterNode(offline)];
    nodes.reduce((before, after) => before.connect(after)).connect(offline.destination);
    source.start();
    return (await offline.startRendering()).getChannelData(0);
  }

  dispose() {
    clearTimeout(this.due);
    this.audio.pause();
    this.audio.removeAttribute("src");
    this.context?.close();
    if (this.address) URL.revokeObjectURL(this.address);
  }
}

function makeContext(rate_hz) {
  try {
    return new AudioContext({ sampleRate: rate_hz });
  } catch {
    return new AudioContext();
  }
}
