/**
 * Parsing and validating a document, against encoding it from a 640x360 source of ten
 * seconds with the paper's command.
 *   node --import=tsx bench/avc/parse.ts [rounds = 5]
 * CPU seconds of either, the two in turns; the goal is a ratio under 0.10.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ffmpeg, PAPER_COMMAND } from '../../test/helpers/videos.ts';
import { parseAvcDocument } from '../../tokenizer/codecs/avc/document.ts';
import { findFfmpeg } from '../../tokenizer/codecs/avc/ffmpeg/find.ts';

const rounds = Number(process.argv[2] ?? 5);
const PARSES = 20;
const SOURCES = ['testsrc2', 'mandelbrot'];

/** CPU milliseconds of one command, as ffmpeg counts its own. */
function cpuOf(program: string, args: string[], cwd: string): number {
  const { stderr } = spawnSync(program, ['-benchmark', '-y', ...args], { cwd, encoding: 'utf8' });
  const found = /utime=([\d.]+)s stime=([\d.]+)s/.exec(stderr);
  if (found === null) throw new Error(`no times from ffmpeg: ${stderr.slice(-500)}`);
  return 1000 * (Number(found[1]) + Number(found[2]));
}

const dir = mkdtempSync(join(tmpdir(), 'codec-lm-parse-'));
try {
  const { path } = await findFfmpeg();
  for (const name of SOURCES) {
    const source = ['-f', 'lavfi', '-i', `${name}=size=640x360:rate=30`, '-t', '10'];
    await ffmpeg([...source, '-pix_fmt', 'yuv420p', `${name}.mp4`], dir);
    const encode = ['-i', `${name}.mp4`, ...PAPER_COMMAND, `${name}.h264`];
    const ratios: number[] = [];
    let [encoding, parsing] = [Infinity, Infinity];
    cpuOf(path, encode, dir);
    const bytes = readFileSync(join(dir, `${name}.h264`));
    for (let i = 0; i < PARSES; i++) parseAvcDocument(bytes);
    for (let round = 0; round < rounds; round++) {
      const encoded = cpuOf(path, encode, dir);
      const start = process.cpuUsage();
      for (let i = 0; i < PARSES; i++) parseAvcDocument(bytes);
      const { user, system } = process.cpuUsage(start);
      const parsed = (user + system) / 1000 / PARSES;
      ratios.push(parsed / encoded);
      encoding = Math.min(encoding, encoded);
      parsing = Math.min(parsing, parsed);
    }
    const median = ratios.sort((a, b) => a - b)[ratios.length >> 1];
    console.log(
      `${name} (${bytes.length} bytes): parse ${parsing.toFixed(1)} ms, encode ${encoding.toFixed(0)} ms, ` +
        `ratio ${median.toFixed(3)} (goal under 0.10)`,
    );
  }
} finally {
  rmSync(dir, { recursive: true });
}
