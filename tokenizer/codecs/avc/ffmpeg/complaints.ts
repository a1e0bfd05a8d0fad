/**
 * Finds the complaints of ffmpeg that concern the pictures. ffmpeg looks into every stream to find
 * out its coding, so decoders of sound and subtitles complain too, although no document contains
 * either.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

const PATIENCE_MS = 60_000;
/**
 * Prefix such as `[aac @ 0x5581]`; since ffmpeg 6 there may be several: `[vist#0:0/h264 @ 0x1]
 * [dec:h264 @ 0x2]`.
 */
const CONTEXTS = /^(?:\[[^\]]*\] ?)+/;
/** Names of sound, subtitle and data streams in ffmpeg 6 and later. */
const OTHER_STREAM = /^[asd]ist#/;
/** This line stands for a repetition of the line before. */
const REPEATED = /^ +Last message repeated/;

/** @returns the lines of stderr that are not complaints of a sound or subtitle decoder */
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

/** Decoder names by binary: a process asks each binary once. */
const asked = new Map<string, Promise<ReadonlySet<string>>>();

function otherDecoders(ffmpeg: string): Promise<ReadonlySet<string>> {
  const known = asked.get(ffmpeg) ?? askDecoders(ffmpeg);
  asked.set(ffmpeg, known);
  known.catch(() => asked.delete(ffmpeg));
  return known;
}

/**
 * Reads lines such as ` A....D aac   AAC (Advanced Audio Coding)`. A name that a picture decoder
 * has too is not excluded.
 */
async function askDecoders(ffmpeg: string): Promise<ReadonlySet<string>> {
  const options = { timeout: PATIENCE_MS, maxBuffer: 2 ** 24 };
  const { stdout } = await run(ffmpeg, ['-v', 'error', '-hide_banner', '-decoders'], options);
  const found = [...stdout.matchAll(/^ ([VAS])[A-Z.]{5} (\w\S*)/gm)];
  const pictures = new Set(found.filter(([, kind]) => kind === 'V').map(([, , name]) => name));
  const others = found.filter(([, kind, name]) => kind !== 'V' && !pictures.has(name));
  return new Set(others.map(([, , name]) => name));
}
