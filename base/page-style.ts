/**
 * The style sheet of every page: light and dark, for screens of 360 to 1,600 pixels and more. Pages
 * add rules of their own only for what no other page has.
 */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --ink: #1f2328; --soft: #57606a; --line: #dcdfe4; --card: #f3f5f7; --page: #fff; --accent: #2f6cb5; --on-accent: #fff; --second: #b45309; --third: #7a828e; --bad: #c02626 }
@media (prefers-color-scheme: dark) { :root { --ink: #e2e4e8; --soft: #a0a8b3; --line: #3a3d42; --card: #222428; --page: #17181a; --accent: #79aee8; --on-accent: #10151b; --second: #f0a848; --third: #9199a5; --bad: #fca5a5 } }
* { box-sizing: border-box }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; color: var(--ink); background: var(--page) }
main { max-width: 84rem; margin: 0 auto; padding: 1.5rem clamp(.9rem, 3vw, 2.5rem) 4rem }
h1 { font-size: clamp(1.35rem, 1.1rem + 1vw, 1.8rem); line-height: 1.2; margin: 0 0 .5rem; overflow-wrap: anywhere } h2 { font-size: 1.2rem; line-height: 1.3; margin: 2.4rem 0 .5rem } h3 { font-size: 1rem; margin: 1.4rem 0 .4rem }
h2, h3 { overflow-wrap: anywhere }
p { margin: .3rem 0 .9rem; max-width: 75ch; overflow-wrap: anywhere } .lead { font-size: 1.05rem; color: var(--ink) } p, figcaption, th, label { color: var(--soft) } p b { color: var(--ink) } a { color: var(--accent) }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 10px; margin: 1.2rem 0 }
.tile { background: var(--card); border-radius: 8px; padding: .7rem .9rem; overflow-wrap: anywhere } .tile b { display: block; font-size: 1.35rem; font-weight: 600 } .tile span { color: var(--soft); font-size: 14px; line-height: 1.35; display: block }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 0 2.5rem; align-items: start } .columns > * { min-width: 0 }
.wide { overflow-x: auto; margin: .4rem 0 1rem }
table { border-collapse: collapse; min-width: min(100%, 52rem); font-size: 14px; font-variant-numeric: tabular-nums }
th, td { text-align: right; padding: .32rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap } th { font-weight: 500 }
th:first-child, td:first-child { text-align: left; padding-left: 0; white-space: normal; overflow-wrap: anywhere; min-width: 7rem } code { font: 13.5px ui-monospace, monospace; overflow-wrap: anywhere }
.columns table { width: 100% } .pairs { min-width: 0 } .pairs th, .pairs td { text-align: left; vertical-align: top; white-space: normal; overflow-wrap: anywhere; border: 0; padding: .1rem 1.2rem .1rem 0 } .pairs th { min-width: 7rem }
details { margin: 1rem 0 } summary { cursor: pointer; color: var(--accent) } details > :not(summary) { margin-top: .6rem }
.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(8.8rem, 46%), 1fr)); gap: 12px 10px }
.strips { grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr)) }
figure { margin: 0; min-width: 0 } figure img, figure video { width: 100%; border-radius: 4px; display: block; background: var(--card); outline: 1px solid var(--line); outline-offset: -1px } .tiny img { image-rendering: pixelated } figure img + img { margin-top: 4px }
.none { min-height: 64px; height: 100%; border-radius: 4px; background: var(--card) }
figcaption { font-size: 13px; line-height: 1.35; margin-top: 4px; overflow-wrap: anywhere } figcaption b { display: block; color: var(--ink); font-weight: 500 }
.key { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; margin: .4rem 0; padding: 0; font-size: 13.5px; color: var(--soft) } .key i { display: inline-block; width: 14px; height: 4px; border-radius: 2px; margin-right: .45em; vertical-align: .2em }
.scale { display: flex; align-items: center; gap: .6rem; font-size: 13.5px; color: var(--soft); margin: .4rem 0; max-width: 30rem } .scale i { flex: 1; height: 12px; border-radius: 3px; min-width: 4rem }
.chart { margin: .6rem 0 1rem } .plot > svg { display: block } .plot text { font: 13px system-ui, sans-serif; fill: var(--soft) }
@media (max-width: 40rem) { .plot .minor { display: none } }
.bar { fill: var(--accent) } .curve { fill: none; stroke: var(--accent); stroke-width: 2 } .grid { stroke: var(--line) }
.share { display: inline-block; height: .6em; background: var(--accent); border-radius: 2px; margin-right: .5em }
.bad { color: var(--bad) }
form { display: flex; flex-wrap: wrap; gap: .8rem 1rem; align-items: end; margin: 1rem 0 } label { display: grid; gap: .15rem; font-size: 14px; min-width: 0; max-width: 100% } input { font: inherit; color: var(--ink); max-width: 100% } input[type=number], input[type=password] { width: 6rem; padding: .3rem .5rem; border: 1px solid var(--third); border-radius: 6px; background: var(--page) } input[type=range] { accent-color: var(--accent); width: 11rem }
button { font: inherit; padding: .4rem 1rem; border: 1px solid var(--third); border-radius: 6px; background: var(--card); color: var(--ink); cursor: pointer } button.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent) } button:disabled { opacity: .5; cursor: default }
progress { width: 100%; max-width: 30rem; height: 8px; accent-color: var(--accent) }
`;
