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

/** Declarations of packages without types of their own, named by every file whose types use them. */
function referToTypes() {
  cpSync(join(ROOT, 'types'), join(DIST, 'types'), { recursive: true });
  for (const name of readdirSync(DIST, { recursive: true })) {
    if (!name.endsWith('.d.ts') || name.startsWith('types')) continue;
    const path = join(DIST, name);
    const text = readFileSync(path, 'utf8');
    const used = [
      ...(text.includes("'parquetjs-lite") ? ['parquetjs-lite'] : []),
      ...(/\bWebAssembly\./.test(text) ? ['webassembly'] : []),
    ];
    const lines = used.map((type) => {
      const target = relative(dirname(path), join(DIST, 'types', `${type}.d.ts`));
      return `/// <reference path="${target}" />\n`;
    });
    if (lines.length > 0) writeFileSync(path, lines.join('') + text);
  }
}

if (!existsSync(COMPILER)) run('npm', 'ci', '--no-audit', '--no-fund');
rmSync(DIST, { recursive: true, force: true });
run(COMPILER, '-p', 'tsconfig.build.json');
referToTypes();
cpSync(join(ROOT, 'trainer/config/presets'), join(DIST, 'trainer/config/presets'), {
  recursive: true,
});
