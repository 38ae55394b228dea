// Answers that can be heard and felt: three sounds and three vibrations that no one confuses.
export type Tone = "good" | "attention" | "stop";

interface Note {
  at: number;
  hertz: number;
  lasts: number;
  wave: OscillatorType;
}

// Good rises and is short; attention repeats one note; stop is low, long and harsh.
const MELODIES: Record<Tone, Note[]> = {
  good: [
    { at: 0, hertz: 784, lasts: 0.08, wave: "sine" },
    { at: 0.09, hertz: 1175, lasts: 0.12, wave: "sine" },
  ],
  attention: [
    { at: 0, hertz: 523, lasts: 0.13, wave: "triangle" },
    { at: 0.2, hertz: 523, lasts: 0.13, wave: "triangle" },
  ],
  stop: [
    { at: 0, hertz: 196, lasts: 0.28, wave: "square" },
    { at: 0.34, hertz: 147, lasts: 0.5, wave: "square" },
  ],
};

const VIBRATIONS: Record<Tone, number[]> = {
  good: [70],
  attention: [90, 90, 90],
  stop: [350, 120, 350, 120, 350],
};

// Made when the page loads: making one takes long enough to disturb a running scan.
const speaker = "AudioContext" in window ? new AudioContext() : null;

/** Browsers let a page sound only after a key or a tap: wake the speaker at the first one. */
export function wakeSpeaker(): void {
  if (speaker?.state === "suspended") void speaker.resume();
}

function play(context: AudioContext, note: Note): void {
  const start = context.currentTime + note.at;
  const source = context.createOscillator();
  const volume = context.createGain();
  source.type = note.wave;
  source.frequency.value = note.hertz;
  volume.gain.setValueAtTime(0.0001, start);
  volume.gain.exponentialRampToValueAtTime(note.wave === "square" ? 0.25 : 0.5, start + 0.01);
  volume.gain.exponentialRampToValueAtTime(0.0001, start + note.lasts);
  source.connect(volume).connect(context.destination);
  source.start(start);
  source.stop(start + note.lasts + 0.02);
}

/** Let the answer be heard and felt. */
export function feel(tone: Tone): void {
  if (speaker?.state === "running") for (const note of MELODIES[tone]) play(speaker, note);
  document.documentElement.dataset["lastTone"] = tone;
  if ("vibrate" in navigator) navigator.vibrate(VIBRATIONS[tone]);
}
