/** Where clips begin between cuts: told frame by frame, without a video. */
import test from 'ava';
import { ClipPlaces } from '../../../pipeline/clips/places.ts';

const SECOND = 1e6;
const RATE = 10;

interface Asked {
  scenes: readonly number[];
  perVideo?: number;
  /** Seconds. */
  stride?: number;
  length?: number;
  mayBeShort?: boolean;
}

/** Frames of scenes of so many seconds each, at ten per second. @returns starts in seconds, and the frames that were wanted */
function placesIn({
  scenes,
  perVideo = 100,
  length = 5,
  stride = length,
  mayBeShort = false,
}: Asked): {
  starts: number[];
  frames: number;
} {
  const config = { perVideo, stride: stride * SECOND, cuts: 0.3 };
  const places = new ClipPlaces(config, length * SECOND);
  const cuts = new Set(scenes.map((_, i) => RATE * sum(scenes.slice(0, i))));
  let frames = 0;
  for (let i = 0; i < RATE * sum(scenes); i++) {
    frames++;
    const score = i > 0 && cuts.has(i) ? 0.3 : 0.29;
    if (!places.add({ time: Math.round((i * SECOND) / RATE), score })) break;
  }
  places.end(mayBeShort);
  return { starts: places.starts.map((start) => start / SECOND), frames };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

test('a long scene is tiled from its beginning, and what is left of it is no clip', (t) => {
  t.deepEqual(placesIn({ scenes: [17] }).starts, [0, 5, 10]);
  t.deepEqual(placesIn({ scenes: [17], stride: 7 }).starts, [0, 7]);
  t.deepEqual(placesIn({ scenes: [17], stride: 2 }).starts, [0, 2, 4, 6, 8, 10, 12]);
});

test('clips begin where scenes do, and none goes over a cut', (t) => {
  t.deepEqual(placesIn({ scenes: [3, 7, 6, 4.9, 5] }).starts, [3, 10, 20.9]);
  t.deepEqual(placesIn({ scenes: [12, 11] }).starts, [0, 5, 12, 17]);
});

test('clips of different scenes are a stride apart too', (t) => {
  // The scene from 6 s begins too early for a second clip: its next place is 20 s behind its beginning.
  t.deepEqual(placesIn({ scenes: [6, 40], stride: 20 }).starts, [0, 26]);
  t.deepEqual(placesIn({ scenes: [6, 10, 10, 10], stride: 20 }).starts, [0, 26]);
});

test('a survey ends with the frame that settles the last clip', (t) => {
  const { starts, frames } = placesIn({ scenes: [3, 7, 600], perVideo: 2 });
  t.deepEqual(starts, [3, 10]);
  t.is(frames, 15 * RATE + 1, 'the clip from 10 s ends with the frame at 15 s');
});

test('a scene exactly as long as a clip is one, whatever the rounding of its times', (t) => {
  const places = new ClipPlaces({ perVideo: 9, stride: 5_005_000, cuts: 0.5 }, 5_005_000);
  // 30000/1001 frames per second: 150 frames are 5.005 s.
  for (let i = 0; i < 450; i++) {
    const isCut = i === 150 || i === 300;
    places.add({ time: Math.round((i * 1001 * SECOND) / 30_000), score: isCut ? 1 : 0 });
  }
  places.end(false);
  t.deepEqual(places.starts, [0, 5_005_000, 10_010_000]);
});

test('where short clips are kept, the last one may end with the video but not with a scene', (t) => {
  t.deepEqual(placesIn({ scenes: [8, 3], mayBeShort: true }).starts, [0, 8]);
  t.deepEqual(placesIn({ scenes: [3, 8], mayBeShort: true }).starts, [3, 8]);
  t.deepEqual(placesIn({ scenes: [2], mayBeShort: true }).starts, [0]);
});

test('no frame, one frame, frames that go back', (t) => {
  const empty = new ClipPlaces({ perVideo: 2, stride: SECOND, cuts: 0.3 }, SECOND);
  empty.end(true);
  t.deepEqual(empty.starts, []);
  const one = new ClipPlaces({ perVideo: 2, stride: SECOND, cuts: 0.3 }, SECOND);
  one.add({ time: 0, score: 0 });
  one.end(false);
  t.deepEqual(one.starts, []);
  const back = new ClipPlaces({ perVideo: 2, stride: SECOND, cuts: 0.3 }, SECOND);
  for (const time of [0, 0.5, 0.2, 1, 1.5, 2]) back.add({ time: time * SECOND, score: 0 });
  t.deepEqual(back.starts, [0, SECOND]);
  back.end(false);
  t.deepEqual(back.starts, [0, SECOND]);
});
