/** Looks at pages in Chromium: screenshots, and whether anything is wrong. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { CodecLmError } from '../../base/error.ts';
import { serve } from '../../trainer/index.ts';
import type { PageToSee } from './list.ts';

/** Widths of a telephone and of a large screen, and how far down each is looked at. */
export const SCREENS = [
  { width: 360, height: 1200 },
  { width: 1600, height: 1100 },
] as const;

export type Colours = 'light' | 'dark';

/** How a page is looked at. */
export interface Look {
  width: number;
  height: number;
  colours: Colours;
}

export interface Shot extends Look {
  /** PNG files: the part that is shown to people, and all of the page. */
  part: Buffer;
  whole: Buffer;
}

/** A served page draws so many, from the example that it has; clips take their time. */
const DRAWN = { images: '6', videos: '2' };
const PATIENCE_MS = 240_000;

export function looksAt({ isDark }: PageToSee): Look[] {
  const schemes: Colours[] = isDark ? ['light', 'dark'] : ['light'];
  return schemes.flatMap((colours) => SCREENS.map((screen) => ({ ...screen, colours })));
}

/**
 * @param executable of Chromium
 * @throws CodecLmError `INTERNAL` for a page that complains or is wider than the screen
 */
export async function shotsOf(page: PageToSee, executable: string): Promise<Shot[]> {
  const { source } = page;
  const server =
    'checkpoint' in source ? await serve({ checkpoint: source.checkpoint, port: 0 }) : undefined;
  const address = 'file' in source ? pathToFileURL(resolve(source.file)).href : server!.url;
  const browser = await chromium.launch({
    executablePath: executable,
    args: ['--no-sandbox', '--disable-gpu'],
  });
  try {
    const shots: Shot[] = [];
    for (const look of looksAt(page)) shots.push(await shotOf(browser, address, page, look));
    return shots;
  } finally {
    await browser.close();
    await server?.close();
  }
}

async function shotOf(
  browser: Browser,
  address: string,
  { name, source }: PageToSee,
  look: Look,
): Promise<Shot> {
  const { width, height, colours } = look;
  const tab = await browser.newPage({ viewport: { width, height }, colorScheme: colours });
  tab.setDefaultTimeout(PATIENCE_MS);
  const complaints: string[] = [];
  tab.on('pageerror', (error) => complaints.push(error.message));
  tab.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  await tab.goto(address);
  if ('checkpoint' in source) await drawAnExample(tab);
  // Pictures further down are loaded when they come into view.
  await tab.evaluate(`Promise.all([...document.images].map((image) => {
    image.loading = 'eager';
    return image.decode();
  }))`);
  const overflow = Number(
    await tab.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    ),
  );
  if (overflow > 0) complaints.push(`it is ${overflow} pixels wider than the screen`);
  if (complaints.length > 0) {
    throw new CodecLmError('INTERNAL', `${name} at ${width} pixels: ${complaints.join('; ')}`);
  }
  const whole = await tab.screenshot({ fullPage: true });
  const part = await tab.screenshot({ fullPage: false });
  await tab.close();
  return { ...look, part, whole };
}

async function drawAnExample(tab: Page): Promise<void> {
  const media = await tab.locator('#form').getAttribute('data-media');
  await tab.locator('#count').fill(DRAWN[media as keyof typeof DRAWN]);
  await tab.locator('#example').click();
  await tab.locator('#status', { hasText: /^done/ }).waitFor();
}
