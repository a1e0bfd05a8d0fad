/** The presets that come with the package: one YAML file each, in `trainer/config/presets/`. */
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { CodecLmError } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';

const FOLDER = fileURLToPath(new URL('./presets/', import.meta.url));

export async function listPresets(): Promise<string[]> {
  const names = await readdir(FOLDER);
  return names
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => name.slice(0, -'.yaml'.length))
    .sort();
}

/**
 * @returns the YAML text of a preset
 * @throws CodecLmError `CONFIG_INVALID` that lists the presets when no preset has that name
 */
export async function readPreset(name: string): Promise<string> {
  const presets = await listPresets();
  if (!presets.includes(name)) {
    throw new CodecLmError('CONFIG_INVALID', `no preset is called "${name}"`, {
      hint: `there are ${presets.join(', ')}`,
    });
  }
  const path = `${FOLDER}${name}.yaml`;
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw readError(error, path, 'reading the preset');
  }
}
