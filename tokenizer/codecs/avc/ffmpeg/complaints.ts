/**
 * What ffmpeg complains about that concerns the pictures. It looks into every stream to find out how it
 * is coded, so decoders of sound and subtitles speak too, of what no document has anything of.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

const PATIENCE_MS = 60_000;
/** `[aac @ 0x5581]`, and since ffmpeg 6 several: `[vist#0:0/h264 @ 0x1] [dec:h264 @ 0x2]`. */
const CONTEXTS = /^(?:\[[^\]]*\] ?)+/;
/** Streams of sound, subtitles and data, as ffmpeg 6 and later name them. */
const OTHER_STREAM = /^[asd]ist#/;
/** It stands for the line before. */
const REPEATED = /^ +Last message repeated/;

/** @returns the lines of stderr that are no complaint of a decoder of sound or subtitles */
export async function aboutPictures(ffmpeg: string, stderr: string): Promise<string> {
  if (!stderr.includes('[')) return stderr;
  const others = await otherDecoders(ffmpeg);
  let isJudged = true;
  const lines = stderr.split('\n').filter((line) => {
    if (!REPEATED.test(line)) isJudged = !contextsOf(line).some((name) => isOther(name, others));
    return isJudged;
  });
  return lines.join('\n');
}

function contextsOf(line: string): string[] {
  const contexts = CONTEXTS.exec(line)?.[0] ?? '';
  return [...contexts.matchAll(/\[([^\] ]*)/g)].map(([, name]) => name.replace(/^dec:/, ''));
}

function isOther(name: string, others: ReadonlySet<string>): boolean {
  return OTHER_STREAM.test(name) || others.has(name);
}

/** Binaries that were asked: a process asks each once. */
const asked = new Map<string, Promise<ReadonlySet<string>>>();

function otherDecoders(ffmpeg: string): Promise<ReadonlySet<string>> {
  const known = asked.get(ffmpeg) ?? askDecoders(ffmpeg);
  asked.set(ffmpeg, known);
  known.catch(() => asked.delete(ffmpeg));
  return known;
}

/** Lines such as ` A....D aac   AAC (Advanced Audio Coding)`. Names that a picture decoder has too stay judged. */
async function askDecoders(ffmpeg: string): Promise<ReadonlySet<string>> {
  const options = { timeout: PATIENCE_MS, maxBuffer: 2 ** 24 };
  const { stdout } = await run(ffmpeg, ['-v', 'error', '-hide_banner', '-decoders'], options);
  const found = [...stdout.matchAll(/^ ([VAS])[A-Z.]{5} (\w\S*)/gm)];
  const pictures = new Set(found.filter(([, kind]) => kind === 'V').map(([, , name]) => name));
  const others = found.filter(([, kind, name]) => kind !== 'V' && !pictures.has(name));
  return new Set(others.map(([, , name]) => name));
}
