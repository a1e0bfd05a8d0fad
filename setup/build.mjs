/**
 * Builds dist/, which is what a package holds: `npm pack` runs it. Plain JavaScript, because in a
 * fresh clone there is neither TypeScript nor tsx yet.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');
const COMPILER = join(ROOT, 'node_modules', '.bin', 'tsc');

/** Output goes to stderr: `npm pack --json` owns stdout. */
function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')}: ${error ?? `ended with ${status}`}`);
}

/**
 * The types of WebAssembly as a module: a namespace of that name would clash with the one of
 * TypeScript's library for browsers.
 */
function asModule(namespace) {
  return namespace
    .replace('declare namespace WebAssembly {', '')
    .replace(/\n}\s*$/, '\n')
    .replaceAll(/^ {2}(class|function) /gm, 'export declare $1 ');
}

/**
 * Declarations compile in a project that checks them too: those of packages without types of their
 * own are named by every file that uses them, and tfjs's, which do not compile, by none.
 */
function referToTypes() {
  cpSync(join(ROOT, 'types'), join(DIST, 'types'), { recursive: true });
  const webAssembly = join(DIST, 'types', 'webassembly.d.ts');
  writeFileSync(webAssembly, asModule(readFileSync(webAssembly, 'utf8')));
  for (const name of readdirSync(DIST, { recursive: true })) {
    if (!name.endsWith('.d.ts') || name.startsWith('types')) continue;
    const path = join(DIST, name);
    const typesAt = `./${relative(dirname(path), join(DIST, 'types'))}`;
    const before = readFileSync(path, 'utf8');
    const text = before
      .replaceAll("'@tensorflow/tfjs'", `'${typesAt}/tfjs.js'`)
      .replaceAll(
        /\bWebAssembly\.(?=Memory|Module|Instance)/g,
        `import('${typesAt}/webassembly.js').`,
      );
    const isParquet = text.includes("'parquetjs-lite");
    const reference = `/// <reference path="${typesAt}/parquetjs-lite.d.ts" />\n`;
    writeFileSync(path, isParquet ? reference + text : text);
  }
}

if (!existsSync(COMPILER)) run('npm', 'ci', '--no-audit', '--no-fund');
rmSync(DIST, { recursive: true, force: true });
run(COMPILER, '-p', 'tsconfig.build.json');
referToTypes();
for (const name of ['common.h', 'products.cpp', 'attention.cpp']) {
  cpSync(join(ROOT, 'compute/compiled', name), join(DIST, 'compute/compiled', name));
}
cpSync(join(ROOT, 'trainer/config/presets'), join(DIST, 'trainer/config/presets'), {
  recursive: true,
});
cpSync(join(ROOT, 'compute/kernels'), join(DIST, 'compute/kernels'), { recursive: true });
