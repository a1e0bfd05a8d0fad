/** The page of the server, used as a person would: in Chromium. */
import { execFileSync } from 'node:child_process';
import type { ExecutionContext } from 'ava';
import { type Browser, chromium, type Page } from 'playwright-core';
import { sharp } from '../../../base/sharp.ts';
import { avcSettingsSchema } from '../../../tokenizer/codecs/avc/settings.ts';
import { createJpegGrammar } from '../../../tokenizer/codecs/jpeg/grammar.ts';
import { fromJpegFile } from '../../../tokenizer/codecs/jpeg/view.ts';
import { validateDocument } from '../../../tokenizer/mask/validate.ts';
import { startServer } from '../../../trainer/serve/server.ts';
import { makeCheckpoint } from '../../helpers/checkpoint.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { hasTool, testIf, testWith } from '../../helpers/tools.ts';

const SIDE = 48;
const QUALITY = 25;
const PATIENCE_MS = 60_000;

async function openPage(
  t: ExecutionContext,
  model: Parameters<typeof makeCheckpoint>[1] = { side: SIDE },
): Promise<{ page: Page; complaints: string[] }> {
  const checkpoint = await temporaryFolder(t);
  await makeCheckpoint(checkpoint, model);
  const server = await startServer({
    checkpoint,
    host: '127.0.0.1',
    port: 0,
    batchSize: 4,
    maxQueue: 16,
    maxBody: 1_000_000,
    grammar: true,
    threads: 1,
    chooseBackend: () => Promise.reject(new Error('no backend is needed')),
  });
  t.teardown(() => server.close());
  const browser: Browser = await chromium.launch({
    executablePath: execFileSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim(),
    args: ['--no-sandbox', '--disable-gpu'],
  });
  t.teardown(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.addInitScript(KEEP_BLOBS);
  await page.goto(server.url);
  return { page, complaints };
}

async function photo(): Promise<Buffer> {
  const pixels = Uint8Array.from({ length: 100 * 80 * 3 }, (_, i) => (i * i) >> 5);
  return sharp(pixels, { raw: { width: 100, height: 80, channels: 3 } })
    .png()
    .toBuffer();
}

/** Keeps what the page makes pictures of, which it forgets itself. */
const KEEP_BLOBS = `
  globalThis.kept = new Map();
  const create = URL.createObjectURL;
  URL.createObjectURL = (blob) => {
    const url = create.call(URL, blob);
    kept.set(url, blob);
    return url;
  };
`;

/** The files that the pictures of the page show, once all are drawn in the wanted size. */
async function shownFiles(page: Page): Promise<Uint8Array[]> {
  const shown = `(async () => {
    const images = [...document.images];
    await Promise.all(images.map((image) => image.decode()));
    if (images.some((image) => image.naturalWidth !== ${SIDE})) throw new Error('another size');
    const files = images.map((image) => kept.get(image.src).arrayBuffer());
    return (await Promise.all(files)).map((file) => [...new Uint8Array(file)]);
  })()`;
  const files: number[][] = await page.evaluate(shown);
  return files.map((file) => Uint8Array.from(file));
}

testWith('chromium', 'an image is uploaded, and its continuations appear', async (t) => {
  t.timeout(170_000);
  const { page, complaints } = await openPage(t);
  const file = { name: 'photo.png', mimeType: 'image/png', buffer: await photo() };
  await page.locator('#file').setInputFiles(file);
  await page.locator('#count').fill('3');
  await page.locator('#ratio').fill('40');
  t.is(await page.locator('#share').textContent(), '40 %');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.locator('#status', { hasText: 'done' }).waitFor();
  const captions = await page.locator('#pictures figcaption').allTextContents();
  t.is(captions.length, 5);
  t.is(captions[0], 'original');
  t.regex(captions[1], /^prompt, \d+ tokens$/);
  for (const caption of captions.slice(2)) t.regex(caption, /^\d+ tokens \(whole\)$/);
  const grammar = createJpegGrammar({ width: SIDE, height: SIDE, quality: QUALITY });
  const documents = (await shownFiles(page)).map((file) => fromJpegFile(file).bytes);
  for (const document of documents) t.notThrows(() => validateDocument(document, grammar));
  // 3 of the 9 MCUs are given, as they are in the original.
  const given = [...documents[1]].findIndex((byte, i) => byte !== documents[0][i]);
  t.true(given > 0);
  for (const document of documents.slice(2)) {
    const begins = Buffer.from(document.subarray(0, given));
    t.true(begins.equals(documents[0].subarray(0, given)));
  }
  t.is(new Set(documents.map((document) => Buffer.from(document).toString('hex'))).size, 5);
  t.deepEqual(complaints, []);
});

testWith(
  'chromium',
  'what is no image is said on the page, and the next one is taken',
  async (t) => {
    t.timeout(170_000);
    const { page, complaints } = await openPage(t);
    const status = page.locator('#status');
    const upload = async (name: string, buffer: Buffer) => {
      await page.locator('#file').setInputFiles({ name, mimeType: 'image/png', buffer });
      await page.getByRole('button', { name: 'Continue' }).click();
    };
    await upload('text.png', Buffer.from('no image'));
    await page.locator('#status.bad').waitFor();
    t.regex(String(await status.textContent()), /the upload/);
    await upload('photo.png', await photo());
    await page.locator('#status', { hasText: 'done' }).waitFor();
    t.is(await status.getAttribute('class'), '');
    t.deepEqual(complaints, []);
  },
);

testWith(
  'chromium',
  'pictures are drawn from nothing, and each is there to be saved',
  async (t) => {
    t.timeout(170_000);
    const { page, complaints } = await openPage(t);
    t.false(await page.locator('#ratio').isVisible(), 'a share of what?');
    t.false(await page.getByRole('button', { name: 'Continue', exact: true }).isVisible());
    t.false(await page.getByRole('button', { name: 'Stop' }).isVisible());
    t.is(await page.getByLabel('Key').count(), 0, 'this server needs none');
    await page.locator('#count').fill('2');
    await page.getByRole('button', { name: 'Draw from nothing' }).click();
    await page.locator('#status', { hasText: 'done' }).waitFor();
    const captions = await page.locator('#pictures figcaption').allTextContents();
    t.is(captions.length, 2);
    for (const caption of captions) t.regex(caption, /^\d+ tokens \(whole\)$/);
    const saved: number[][] =
      await page.evaluate(`Promise.all([...document.links].map(async (link) =>
    [...new Uint8Array(await kept.get(link.href).arrayBuffer())]))`);
    t.is(saved.length, 2);
    t.is(await page.locator('#pictures a').first().getAttribute('download'), 'drawn-1.jpg');
    const grammar = createJpegGrammar({ width: SIDE, height: SIDE, quality: QUALITY });
    for (const file of saved) {
      t.notThrows(() => validateDocument(fromJpegFile(Uint8Array.from(file)).bytes, grammar));
    }
    t.deepEqual(complaints, []);
  },
);

testWith(
  'chromium',
  'an example is continued, for those who have no picture at hand',
  async (t) => {
    t.timeout(170_000);
    const { page, complaints } = await openPage(t);
    await page.locator('#count').fill('1');
    await page.getByRole('button', { name: 'Try an example' }).click();
    await page.locator('#status', { hasText: 'done' }).waitFor();
    const captions = await page.locator('#pictures figcaption').allTextContents();
    t.deepEqual([captions.length, captions[0]], [3, 'original']);
    t.deepEqual(complaints, []);
  },
);

testIf(
  hasTool('chromium') && hasTool('ffmpeg'),
  'chromium or ffmpeg is not installed',
  'the page of a model of clips says what is marked, has an example, and gives a film',
  async (t) => {
    t.timeout(290_000);
    const settings = avcSettingsSchema.parse({ width: 32, height: 32, profile: 'reproducible' });
    const codec = { name: 'avc' as const, settings };
    const { page, complaints } = await openPage(t, { codec, seqLen: 5000 });
    page.setDefaultTimeout(280_000);
    const text = await page.locator('main').textContent();
    t.regex(String(text), /language model of \d+ thousand parameters .*clips of 32x32 pixels/s);
    t.regex(String(text), /Frames with an amber line below were given/);
    await page.locator('#count').fill('1');
    await page.getByRole('button', { name: 'Try an example' }).click();
    await page.locator('#status', { hasText: 'done' }).waitFor();
    const captions = await page.locator('#pictures figcaption').allTextContents();
    t.is(captions.length, 3);
    t.regex(captions[2], /^\d+ tokens \(whole\)$/);
    // Strips of five frames a row; half of the frames are in the prompt, with lines below them.
    const sizes = await page.evaluate(
      '[...document.images].map((image) => [image.naturalWidth, image.naturalHeight])',
    );
    const [wide, gap] = [2 + 5 * 34, 2];
    t.deepEqual(sizes, [
      [wide, gap + 3 * 34],
      [wide, gap + 2 * 37],
      [wide, gap + 3 * 37],
    ]);
    t.is(await page.locator('#pictures a').getAttribute('download'), 'drawn-1.mp4');
    t.is(await page.locator('#pictures video').count(), 1);
    t.deepEqual(complaints, []);
  },
);
