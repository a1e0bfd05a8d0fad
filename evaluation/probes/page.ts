/** The results of the probes as one self-contained page: tables, and a map of the bits by place. */
import { formatCount } from '../../base/format.ts';
import { type Html, html, htmlPage, htmlPairs, htmlTable } from '../../base/html.ts';
import type { ClassesResult } from './classes.ts';
import type { ClipsResult } from './clips.ts';
import type { DamageResult } from './damage.ts';
import type { ProbeResults } from './probe.ts';
import type { PlaceBits, SyntaxResult } from './syntax.ts';
import type { ValidityResult } from './validity.ts';

export interface PageInfo {
  readonly checkpoint: string;
  /** `byte` or `symbol`. */
  readonly unit: string;
}

export function probesPage(results: ProbeResults, { checkpoint, unit }: PageInfo): string {
  const { syntax, damage, classes, validity, clips } = results;
  return htmlPage({
    title: 'Probes of a model',
    style: '.places { max-width: 36rem } .places svg { display: block; width: 100% }',
    body: html`<h1>Probes of a model</h1>
<p class="lead">What a model has learned of its files, measured without a network that judges pictures.</p>
${htmlPairs([['checkpoint', checkpoint]])}
${syntax && syntaxSection(syntax, unit)}
${damage && damageSection(damage, unit)}
${classes && classesSection(classes, unit)}
${validity && validitySection(validity)}
${clips && clipsSection(clips)}`,
  });
}

function syntaxSection({ documents, bitsPerSymbol, kinds, places }: SyntaxResult, unit: string) {
  const total = kinds.reduce((sum, { bits }) => sum + bits, 0);
  const rows = kinds.map((kind) => [
    kind.kind,
    formatCount(kind.symbols),
    kind.bitsPerSymbol.toFixed(3),
    share(kind.bits / total),
  ]);
  return html`<h2>Where the bits go</h2>
<p>${bitsPerSymbol.toFixed(4)} bits per ${unit} over ${documents} documents.</p>
${htmlTable(['kind of syntax', `${unit}s`, `bits per ${unit}`, 'share of all bits'], rows)}
${places && placesMap(places)}`;
}

/** A square for each place; the more bits, the more of the accent colour. */
function placesMap({ columns, rows, bits }: PlaceBits): Html {
  const most = Math.max(...bits) || 1;
  const squares = bits.map((value, i) => {
    const [x, y] = [i % columns, Math.floor(i / columns)];
    const name = `row ${y}, column ${x}: ${value.toFixed(1)} bits`;
    return html`<rect class="bar" x="${x}" y="${y}" width="1" height="1" opacity="${(value / most).toFixed(3)}"><title>${name}</title></rect>`;
  });
  return html`<figure class="places"><svg viewBox="0 0 ${columns} ${rows}" role="img" aria-label="bits by place">${squares}</svg>
<div class="scale">0<i style="background:linear-gradient(to right,transparent,var(--accent))"></i>${most.toFixed(1)} bits</div>
<figcaption>Mean bits of the parts at each place of the picture.</figcaption></figure>`;
}

function damageSection(found: DamageResult, unit: string) {
  const top = (name: string) => name.replace('top', 'top ');
  const finding = Object.entries(found.found).map(([name, rate]) => [
    `token found, ${top(name)}`,
    share(rate),
    share(found.foundByChance[name]),
  ]);
  const places = Object.entries(found.foundPlace ?? {}).map(([name, rate]) => [
    `place found, ${top(name)}`,
    share(rate),
    share(found.foundPlaceByChance![name]),
  ]);
  const mending = Object.entries(found.mended).map(([name, rate]) => [
    `mended, ${top(name)}`,
    share(rate),
    '',
  ]);
  const checked = [
    'mended, of what passes the check',
    share(found.mendedWithCheck),
    share(found.mendedByCheckAlone),
  ];
  return html`<h2>One changed ${unit}</h2>
<p>${found.damaged} damaged copies; the codec's check refuses ${share(found.refused)} of them.</p>
${htmlTable(['', 'model', 'without the model'], [...finding, ...places, ...mending, checked])}`;
}

function classesSection({ first, second, auc }: ClassesResult, unit: string) {
  const rows = [first, second].map(({ files, bitsPerSymbol }, i) => [
    ['the files', 'the others'][i],
    files,
    bitsPerSymbol.toFixed(4),
  ]);
  return html`<h2>Two classes by their likelihood</h2>
<p>Area under the ROC curve: ${auc.toFixed(4)} (0.5 tells nothing; above it, the others take more bits).</p>
${htmlTable(['class', 'files', `bits per ${unit}`], rows)}`;
}

function validitySection({ drawn, valid, ended, corrected }: ValidityResult) {
  return html`<h2>Syntax without the grammar</h2>
<p>${share(valid)} of ${drawn} documents drawn without the grammar are valid; the model ended ${share(ended)} of
them itself. With the grammar it forbade the likeliest token at ${share(corrected)} of the tokens.</p>`;
}

function clipsSection({ clips, given, frames, mean }: ClipsResult) {
  const row = (name: string, quality: ClipsResult['mean']) => [
    name,
    quality.psnr.toFixed(2),
    quality.repeatPsnr.toFixed(2),
    quality.ssim.toFixed(4),
    quality.repeatSsim.toFixed(4),
  ];
  const rows = frames.map((quality) => row(String(quality.frame), quality));
  return html`<h2>Continued clips</h2>
<p>${clips} clips, ${given} frames given; beside the model the last given frame, shown again.</p>
${htmlTable(['frame', 'PSNR, dB', 'repeated', 'SSIM', 'repeated'], [...rows, row('mean', mean)])}`;
}

function share(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}
