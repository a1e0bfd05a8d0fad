/** A dataset of clips: back to .mp4, as strips of frames, and token by token. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { openDataset } from '../../../shards/dataset/dataset.ts';
import { extractDocuments } from '../../../shards/dataset/extract.ts';
import { inspectRow, writeInspectPage } from '../../../shards/inspect/run.ts';
import { verifyDataset } from '../../../shards/verify/verify.ts';
import { ByteBpe } from '../../../tokenizer/bpe/tokenizer.ts';
import { makeDataset } from '../../helpers/dataset.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { testWith } from '../../helpers/tools.ts';

const GOLDEN = fileURLToPath(new URL('../../golden/avc/', import.meta.url));
const CODEC = { name: 'avc' as const, settings: { fps: 3 }, versions: {} };

testWith(
  'ffmpeg',
  'clips are extracted to the frame, shown as strips, and read by slice',
  async (t) => {
    const dir = await temporaryFolder(t);
    const names = ['paper-64x48.h264', 'crop-50x38.h264'];
    const clips = await Promise.all(names.map((name) => readFile(join(GOLDEN, name))));
    const tokenizer = new ByteBpe([[0, 0]]);
    const options = {
      seqLen: 512,
      vocabSize: tokenizer.vocabSize,
      tokenizer,
      codec: CODEC,
      byteLengths: clips.map((bytes) => bytes.length),
    };
    await makeDataset(
      dir,
      clips.map((bytes) => tokenizer.encode(bytes)),
      options,
    );
    t.deepEqual((await verifyDataset(dir)).problems, []);
    const dataset = await openDataset(dir);
    t.teardown(() => dataset.close());
    const to = join(dir, 'out');
    t.is(await extractDocuments(dataset, { doc: 'all', to, raw: true }), 2);
    t.is(await extractDocuments(dataset, { doc: 'all', to, raw: false }), 2);
    for (const [i, bytes] of clips.entries()) {
      t.deepEqual(await readFile(join(to, `0000000${i}.bin`)), bytes);
      const mp4 = join(to, `0000000${i}.mp4`);
      const back = ['-i', mp4, '-c', 'copy', '-bsf:v', 'h264_mp4toannexb', '-f', 'h264', '-'];
      const { stdout } = await execa('ffmpeg', ['-v', 'error', ...back], { encoding: 'buffer' });
      t.true(Buffer.from(stdout).equals(bytes), names[i]);
    }
    const html = join(dir, 'page.html');
    await writeInspectPage(dir, html);
    const page = await readFile(html, 'utf8');
    t.is(page.match(/<img src="data:image\/png;base64,/g)?.length, 2);
    t.regex(page, /class="sheet strips"/);
    const readings = [];
    for (const row of [0, 1, 2]) {
      const { readings: more } = await inspectRow(dir, row);
      readings.push(...more!);
    }
    for (const reading of [
      'SPS',
      'PPS',
      'SEI',
      'IDR frame 0 macroblock 0',
      'frame 1 macroblock 3',
    ]) {
      t.true(readings.includes(reading), reading);
    }
  },
);
