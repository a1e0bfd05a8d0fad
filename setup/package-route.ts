/** The second route to a native backend: the installer of tfjs-node-gpu itself. */
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { CodecLmError } from '../base/error.ts';
import { compileBinding } from './compile.ts';
import { bytesUnder } from './download.ts';
import { BINDING, type Route, type RouteContext } from './routes.ts';
import { haveTfjsNode, keepTfjsNode } from './tfjs-node.ts';
import { runTool } from './tool.ts';

const NAME = "tfjs-node-gpu's own installer";

/** Place of an addon that was compiled here, in the copy of the package. */
const COMPILED = join('lib', 'compiled', BINDING);

/** Dependencies of the package that its installer does not load. */
const LIBRARY_ONLY = ['@tensorflow/tfjs', 'google-protobuf'];

/** How long the package's installer may make no progress; it has no time limits of its own. */
const INSTALLER_STALL_MS = 60_000;

/**
 * tfjs-node-gpu's own installer (libtensorflow 2.9.1 of 2022). It writes into the package it
 * lies in, so it runs in a copy of it. Its addon is a second download; where only that
 * fails, the addon is compiled here.
 */
export const packageRoute: Route = {
  name: NAME,
  async build(dir, context) {
    const tfjsNode = await haveTfjsNode(join(dir, 'tfjs-node'), context);
    const copy = join(dir, 'package');
    await mkdir(copy);
    for (const part of ['package.json', 'binding.gyp', 'binding', 'scripts']) {
      await cp(join(tfjsNode.dir, part), join(copy, part), { recursive: true });
    }
    const modules = tfjsNode.isInstalled
      ? [join(tfjsNode.dir, 'node_modules'), join(tfjsNode.dir, '..', '..')]
      : [await installerModules(join(dir, 'modules'), tfjsNode.dir, context)];
    const bins = modules.map((folder) => join(folder, '.bin'));
    context.log(`running ${this.name}`);
    let failure: unknown;
    try {
      await runTool(process.execPath, ['scripts/install.js', context.variant, 'download'], {
        cwd: copy,
        env: {
          NODE_PATH: modules.join(delimiter),
          PATH: [...bins, process.env.PATH].join(delimiter),
        },
        signal: context.signal,
        timeoutMs: 30 * 60_000,
        stallMs: INSTALLER_STALL_MS,
        watch: () => bytesUnder(copy),
      });
    } catch (error) {
      if (error instanceof CodecLmError && error.code === 'INTERRUPTED') throw error;
      failure = error;
    }
    const binding = (await findAddon(copy)) ?? (await compileAddon(copy, failure, context));
    await keepTfjsNode(tfjsNode);
    for (const part of ['tfjs-node', 'modules']) {
      await rm(join(dir, part), { recursive: true, force: true });
    }
    const isCompiled = binding === COMPILED;
    const source = isCompiled ? `${this.name}, addon compiled here` : this.name;
    return { binding: `package/${binding}`, source };
  },
};

/** @param failure why the installer ended, if it failed */
async function compileAddon(
  copy: string,
  failure: unknown,
  context: RouteContext,
): Promise<string> {
  const libraryDir = join(copy, 'deps', 'lib');
  const libraries = (await readdir(libraryDir).catch(() => [])).filter((name) =>
    /^libtensorflow(_framework)?(\.2)?\.(so|dylib)(\.2)?$/.test(name),
  );
  if (libraries.length === 0) {
    throw (
      failure ?? new CodecLmError('BACKEND_UNAVAILABLE', `${NAME} ended well and left no library`)
    );
  }
  await compileBinding({
    packageDir: copy,
    includeDir: join(copy, 'deps', 'include'),
    libraryDir,
    libraries,
    output: join(copy, COMPILED),
    signal: context.signal,
  });
  return COMPILED;
}

/**
 * Copies the packages that the installer needs, without those that only the library needs (290 MB).
 * @returns a folder of packages
 */
async function installerModules(
  folder: string,
  source: string,
  context: RouteContext,
): Promise<string> {
  const { dependencies } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const names = Object.entries(dependencies)
    .filter(([name]) => !LIBRARY_ONLY.includes(name))
    .map(([name, range]) => `${name}@${range}`);
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), '{}');
  const args = ['install', ...names, '--ignore-scripts', '--no-audit', '--no-fund', '--silent'];
  await runTool('npm', args, { cwd: folder, signal: context.signal, timeoutMs: 5 * 60_000 });
  return join(folder, 'node_modules');
}

/** The installer puts the addon under the newest Node-API it knows: `lib/napi-v8`. */
async function findAddon(copy: string): Promise<string | undefined> {
  const files = await readdir(join(copy, 'lib'), { recursive: true }).catch(() => []);
  const found = files.find((file) => file.endsWith(BINDING));
  return found && join('lib', found);
}
