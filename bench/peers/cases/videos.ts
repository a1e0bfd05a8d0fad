/** The rows about videos: spoilt sound, cameras' JPEG streams, samples that are not square. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { parseAvcDocument } from '../../../tokenizer/codecs/avc/document.ts';
import { createAvcCodec } from '../../../tokenizer/codecs/avc/encode.ts';
import { framesOf } from '../../../tokenizer/codecs/avc/view.ts';
import { type Case, expect } from './case.ts';

async function encode(path: string, settings: Parameters<typeof createAvcCodec>[0] = {}) {
  const codec = await createAvcCodec(settings);
  const { size } = statSync(path);
  const file = { path: Buffer.from(path), offset: 0, size, isMember: false };
  return (await codec.encodeFile(file, path)).symbols;
}

/** Columns of the first frame that are not black. */
async function litColumns(document: Uint8Array): Promise<number> {
  const { width, height, frames } = await framesOf(document);
  const isLit = (x: number) =>
    Array.from({ length: height }, (_, y) => frames[0][(y * width + x) * 3 + 1]).some(
      (v) => v > 60,
    );
  return Array.from({ length: width }, (_, x) => x).filter(isLit).length;
}

export const VIDEOS: readonly Case[] = [
  {
    name: 'videos/bad_audio_start.mp4 (three spoilt AAC packets)',
    async check(folder) {
      const good = await encode(join(folder, 'videos/good.mp4'));
      const bad = await encode(join(folder, 'videos/bad_audio_start.mp4'));
      expect(Buffer.from(bad).equals(Buffer.from(good)), 'other bytes than the undamaged file');
    },
  },
  {
    name: 'videos/camera.mjpeg',
    async check(folder) {
      const frames = parseAvcDocument(await encode(join(folder, 'videos/camera.mjpeg'))).frames;
      expect(frames.length === 15, `${frames.length} frames`);
    },
  },
  {
    name: 'videos/anamorphic.mp4, profile reproducible',
    async check(folder) {
      const settings = { width: 128, height: 72, profile: 'reproducible' } as const;
      const columns = await litColumns(
        await encode(join(folder, 'videos/anamorphic.mp4'), settings),
      );
      expect(columns > 120, `${columns} of 128 columns hold the picture`);
    },
  },
];
