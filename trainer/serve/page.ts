/**
 * The page at `/`: draw from nothing, or upload a file, choose the share of it that is given, and watch
 * what the model writes appear.
 */

import { formatCount } from '../../base/format.ts';
import { html, htmlPage, TINY_PICTURE } from '../../base/html.ts';
import { type Codec, unitOf } from '../../tokenizer/index.ts';
import { PAGE_SCRIPT } from './page-script.ts';

const STYLE = `
#pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(10rem, 46%), 1fr)); gap: 16px 12px; margin-top: 1.2rem } #pictures.films { grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr)) }
#pictures a { font-size: 14px; display: inline-block; padding: .25rem 0 } #status { min-height: 1.5em; margin-bottom: .3rem } [hidden] { display: none !important }
#form > div { display: flex; flex-wrap: wrap; gap: .6rem } input[type=file] { width: 17rem }
`;

/** What the page says of the server. */
export interface PageFacts {
  /** Name of the served model. */
  name: string;
  /** Number of its weights. */
  parameters?: number;
  codec: Pick<Codec, 'definition' | 'alphabet' | 'width' | 'height'> & { still?: Codec['still'] };
  /** Most tokens of a prompt and its continuation together. */
  maxPositions: number;
  /** Whether requests need a key. */
  needsKey: boolean;
}

/** The page of a served checkpoint: draws from nothing, or goes on with a file of the visitor. */
export function pageOf({ name, parameters, codec, maxPositions, needsKey }: PageFacts): string {
  const { definition, alphabet, width, height, still } = codec;
  const unit = unitOf(alphabet);
  const { noun, documentNoun, title, media, file } = definition;
  const size = parameters === undefined ? '' : ` of ${inWords(parameters)} parameters`;
  const isTiny = Math.max(width, height) <= TINY_PICTURE;
  const kind = still?.isStrip ? 'films' : isTiny && 'tiny';
  const accepted = media === 'images' ? 'image/*' : 'video/*,image/gif';
  return htmlPage({
    title: `codec-lm: ${name}`,
    style: STYLE,
    script: PAGE_SCRIPT,
    body: html`<h1>${name}</h1>
<p class="lead">A language model${size} that writes ${title} files, ${unit} by ${unit}: ${documentNoun}s of ${width}x${height} pixels, in at most
${formatCount(maxPositions)} tokens. It draws from nothing, or is given the beginning of ${article(noun)} ${noun} and writes the rest.</p>
<form id="form" data-width="${width}" data-height="${height}" data-media="${media}">
<label>${noun[0].toUpperCase() + noun.slice(1)} to go on with <input id="file" type="file" accept="${accepted}"></label>
<label class="of-file"><span>Given: <output id="share">50 %</output></span><input id="ratio" type="range" min="0" max="95" value="50"></label>
<label>How many <input id="count" type="number" min="1" max="16" value="4"></label>
<label>Temperature <input id="temperature" type="number" min="0" max="5" step="0.05" value="1"></label>
<label>Top-p <input id="topP" type="number" min="0.01" max="1" step="0.01" value="0.9"></label>
${needsKey ? html`<label>Key <input id="key" type="password" autocomplete="off"></label>` : html`<input id="key" type="hidden">`}
<div><button class="of-file main">Continue</button> <button id="nothing">Draw from nothing</button>
<button type="button" id="example">Try an example</button>
<button type="button" id="stop" hidden>Stop</button></div>
</form>
<p id="status" role="status"></p><progress id="progress" max="1" aria-label="documents that have ended" hidden></progress>
${still?.givenMark && html`<p>${still.givenMark}</p>`}
<div id="pictures" class="${kind}"></div>
<h2>By program</h2>
<p><code>POST v1/completions</code>, as OpenAI's. The text of an answer is the bare document, which
no viewer opens: <code>"response_format": {"type": "image"}</code> brings the file (${file.extension}) as
a data URL beside it. Without <code>max_tokens</code> a request draws 16 tokens, as OpenAI's does; one for a file
draws to its end.</p>`,
  });
}

/** `2.0 million` */
function inWords(parameters: number): string {
  if (parameters < 1e5) return `${Math.ceil(parameters / 1e3)} thousand`;
  const millions = parameters / 1e6;
  if (millions >= 1000) return `${(millions / 1000).toFixed(1)} billion`;
  return `${millions.toFixed(millions < 10 ? 1 : 0)} million`;
}

function article(noun: string): string {
  return /^[aeiou]/.test(noun) ? 'an' : 'a';
}
