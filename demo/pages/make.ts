/** Makes what the pages are made of, and the pages; what is there already stays. */
import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { SHOWCASE_MODEL } from '../../showcase/model-folder.ts';
import { writeCrops } from '../crops.ts';
import { runDemo, say, step } from '../steps.ts';
import { type PageToSee, type Places, pagesToSee } from './list.ts';

const PHOTOS = 240;

/**
 * @param only names of pages; none for all
 * @returns these pages, which are there
 */
export async function makePages(out: string, only: readonly string[]): Promise<PageToSee[]> {
  await mkdir(out, { recursive: true });
  const at = (name: string) => join(out, name);
  const places: Places = {
    ...{ model: relative(process.cwd(), SHOWCASE_MODEL), out },
    ...{ letters: at('letters'), clips: at('clips'), photos: at('photos'), dataset: at('dataset') },
  };
  const { letters, clips, photos, dataset } = places;
  if (!existsSync(join(letters, 'index.html'))) await runDemo('demo/images.ts', letters);
  if (!existsSync(join(clips, 'index.html'))) await runDemo('demo/videos.ts', clips);
  if (!existsSync(photos)) await writeCrops(photos, PHOTOS);
  if (!existsSync(join(dataset, 'dataset.json'))) {
    const settings = ['--size', '128', '--seq-len', '1024', '--val-fraction', '0.1'];
    await step('pipeline', ['run', 'images', photos, '--out', dataset, ...settings]);
  }
  const pages = pagesToSee(places).filter(({ name }) => only.length === 0 || only.includes(name));
  for (const { name, source, make } of pages) {
    if (make === undefined || !('file' in source) || existsSync(source.file)) continue;
    say(name);
    const [program, args] = make;
    const files = name === 'maps' ? await filesIn(join(letters, 'prompts')) : [];
    await step(program, [...args, ...files]);
  }
  return pages;
}

async function filesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).sort().map((name) => join(folder, name));
}
