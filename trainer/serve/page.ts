/**
 * The page at `/`: upload a file, choose the share of it that is given, and watch continuations
 * appear.
 */

import { html, htmlPage } from '../../base/html.ts';
import type { Codec } from '../../tokenizer/index.ts';

const STYLE = `
#pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 12px; margin-top: 1.5rem }
#pictures img { image-rendering: pixelated; border-radius: 0 } #status { min-height: 1.5em }
`;

const SCRIPT = `
const by = (id) => document.getElementById(id);
const decode = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const headers = (type) => by('key').value
  ? { 'content-type': type, authorization: 'Bearer ' + by('key').value } : { 'content-type': type };
let stop;

function figure(caption) {
  const box = document.createElement('figure');
  const image = box.appendChild(document.createElement('img'));
  const text = box.appendChild(document.createElement('figcaption'));
  text.textContent = caption;
  by('pictures').append(box);
  let last;
  return { image, text, show(parts, type) {
    const url = URL.createObjectURL(new Blob(parts, { type }));
    image.onload = image.onerror = () => { if (last) URL.revokeObjectURL(last); last = url; };
    image.src = url;
  } };
}

async function checked(response) {
  if (response.ok) return response;
  const body = await response.json().catch(() => undefined);
  throw new Error(body?.error?.message ?? response.statusText);
}

async function* events(body) {
  let rest = '';
  for await (const text of stream(body.pipeThrough(new TextDecoderStream()))) {
    const lines = (rest + text).split('\\n\\n');
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith('data: {')) yield JSON.parse(line.slice(6));
    }
  }
}

async function* stream(readable) {
  const reader = readable.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

async function run(signal) {
  by('pictures').replaceChildren();
  const file = by('file').files[0];
  const ratio = by('ratio').value / 100;
  const count = Number(by('count').value);
  const upload = await checked(await fetch('api/prompt?ratio=' + ratio,
    { method: 'POST', body: file, headers: headers('application/octet-stream'), signal }));
  const prompt = await upload.json();
  const given = prompt.given && decode(prompt.given);
  figure('original').show([decode(prompt.original)], prompt.mime);
  const shown = figure('prompt, ' + prompt.prompt.length + ' tokens');
  if (prompt.shown) shown.show([decode(prompt.shown)], prompt.mime);
  const choices = Array.from({ length: count }, (_, i) =>
    ({ ...figure('continuation ' + (i + 1)), drawn: '', tokens: 0, state: '', dirty: true }));
  const since = performance.now();
  let tokens = 0;
  const speed = () => {
    const rate = tokens / ((performance.now() - since) / 1000);
    return tokens + ' tokens, ' + rate.toFixed(0) + ' a second';
  };
  // The server draws files that do not grow, one picture of each at a time.
  const picture = (c) => {
    c.asked = Promise.resolve(c.asked).then(async () => {
      if (c.asking !== undefined || c.shownTokens === c.tokens) return;
      c.asking = c.tokens;
      try {
        const body = JSON.stringify({ prompt: prompt.prompt, text: c.drawn });
        const answer = await fetch('api/picture',
          { method: 'POST', body, headers: headers('application/json'), signal });
        // A beginning may have no picture.
        if (!answer.ok) return;
        const { picture, mime } = await answer.json();
        c.show([decode(picture)], mime);
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        c.shownTokens = c.asking;
        c.asking = undefined;
      }
    });
  };
  const draw = () => { for (const c of choices) if (c.dirty) {
    c.dirty = false;
    if (given) c.show([given, Uint8Array.from(c.drawn, (each) => each.charCodeAt(0) - 0x2800)], prompt.mime);
    else picture(c);
    c.text.textContent = c.tokens + ' tokens ' + c.state;
    by('status').textContent = 'drawing: ' + speed();
  } };
  draw();
  const timer = setInterval(draw, 250);
  try {
    const body = JSON.stringify({ prompt: prompt.prompt, n: count, stream: true, max_tokens: prompt.room,
      temperature: Number(by('temperature').value), top_p: Number(by('topP').value) });
    const answer = await checked(await fetch('v1/completions',
      { method: 'POST', body, headers: headers('application/json'), signal }));
    for await (const event of events(answer.body)) {
      if (event.error) throw new Error(event.error.message);
      for (const { index, text, finish_reason } of event.choices) {
        const choice = choices[index];
        choice.drawn += text;
        choice.tokens++;
        tokens++;
        choice.state = finish_reason === 'length' ? '(cut off)' : finish_reason ? '(whole)' : '';
        choice.dirty = true;
      }
    }
  } finally {
    clearInterval(timer);
    draw();
  }
  const rate = speed();
  await Promise.all(choices.map((c) => c.asked));
  return rate;
}

by('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  stop?.abort();
  stop = new AbortController();
  const { signal } = stop;
  by('status').className = '';
  by('status').textContent = 'drawing …';
  try {
    const speed = await run(signal);
    by('status').textContent = 'done: ' + speed;
  } catch (error) {
    if (signal.aborted) { by('status').textContent = 'stopped'; return; }
    by('status').className = 'bad';
    by('status').textContent = error.message;
  }
});
by('stop').addEventListener('click', () => stop?.abort());
by('ratio').addEventListener('input', () => { by('share').textContent = by('ratio').value + ' %'; });
`;

/** The page for the codec of the served checkpoint. */
export function pageOf({ definition }: Codec): string {
  const { noun, title, media } = definition;
  const article = /^[aeiou]/.test(noun) ? 'an' : 'a';
  const what = `${article} ${noun}`;
  return htmlPage({
    title: `codec-lm: continue ${what}`,
    style: STYLE,
    script: SCRIPT,
    body: html`<h1>Continue ${what}</h1>
<p>The model is given the beginning of ${what} as a document of ${title} and writes the rest.</p>
<form id="form">
<label>${noun[0].toUpperCase() + noun.slice(1)} <input id="file" type="file" accept="${media === 'images' ? 'image/*' : 'video/*,image/gif'}" required></label>
<label><span>Given: <output id="share">50 %</output></span><input id="ratio" type="range" min="0" max="95" value="50"></label>
<label>Continuations <input id="count" type="number" min="1" max="16" value="4"></label>
<label>Temperature <input id="temperature" type="number" min="0" max="5" step="0.05" value="1"></label>
<label>Top-p <input id="topP" type="number" min="0.01" max="1" step="0.01" value="0.9"></label>
<label>Key, if asked for <input id="key" type="password" autocomplete="off"></label>
<button>Continue</button> <button type="button" id="stop">Stop</button>
</form>
<p>By program: <code>POST v1/completions</code>. The text of its answers is the bare document, which
no viewer has to open: <code>"response_format": {"type": "image"}</code> brings the file as
a data URL beside it. Without <code>max_tokens</code> a request draws 16 tokens, as OpenAI's does; one for a file
draws to its end.</p>
<p id="status" role="status"></p><div id="pictures"></div>`,
  });
}
