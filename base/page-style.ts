/** The style sheet of every page: light and dark, for screens of 360 to 1,600 pixels and more. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --ink: #1f2328; --soft: #5c6470; --line: #dcdfe4; --card: #f1f3f5; --page: #fff; --accent: #2f6cb5; --second: #b45309; --third: #7a828e; --bad: #c02626 }
@media (prefers-color-scheme: dark) { :root { --ink: #e2e4e8; --soft: #a0a8b3; --line: #3a3d42; --card: #222428; --page: #17181a; --accent: #79aee8; --second: #f0a848; --third: #9199a5; --bad: #fca5a5 } }
* { box-sizing: border-box }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0; color: var(--ink); background: var(--page) }
main { max-width: 78rem; margin: 0 auto; padding: 1.5rem clamp(.8rem, 3vw, 2rem) 4rem }
h1 { font-size: 1.45rem; line-height: 1.25; margin: 0 0 .3rem; overflow-wrap: anywhere } h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem }
p { margin: .3rem 0 .8rem; max-width: 75ch; overflow-wrap: anywhere } p, figcaption, th, label { color: var(--soft) }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 10px; margin: 1.2rem 0 }
.tile { background: var(--card); border-radius: 8px; padding: .7rem .9rem } .tile b { display: block; font-size: 1.35rem; font-weight: 600 } .tile span { color: var(--soft); font-size: 13px }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 0 2.5rem; align-items: start } .columns > * { min-width: 0 }
.wide { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; font-variant-numeric: tabular-nums }
th, td { text-align: right; padding: .28rem .5rem; border-bottom: 1px solid var(--line); white-space: nowrap } th { font-weight: 500 }
th:first-child, td:first-child { text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 7rem } code { font: 13px ui-monospace, monospace; overflow-wrap: anywhere }
.pairs { width: auto } .pairs th, .pairs td { text-align: left; vertical-align: top; white-space: normal; overflow-wrap: anywhere; border: 0; padding: .1rem 1.2rem .1rem 0 } .pairs th { min-width: 7rem }
.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(112px, 1fr)); gap: 12px 10px }
.strips { grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr)) }
figure { margin: 0; min-width: 0 } figure img { width: 100%; border-radius: 5px; display: block; background: var(--card) } figure img + img { margin-top: 4px }
.none { min-height: 64px; height: 100%; border-radius: 5px; background: var(--card) }
figcaption { font-size: 12px; line-height: 1.35; margin-top: 3px; overflow-wrap: anywhere } figcaption b { display: block; color: var(--ink); font-weight: 500 }
.chart { overflow-x: auto } svg { width: 100%; min-width: 40rem; height: auto; display: block } svg text { font: 12px system-ui, sans-serif; fill: var(--soft) }
.bar { fill: var(--accent) } .curve { fill: none; stroke: var(--accent); stroke-width: 2 } .grid { stroke: var(--line) }
.share { display: inline-block; height: .6em; background: var(--accent); border-radius: 2px; margin-right: .5em }
.bad { color: var(--bad) }
form { display: flex; flex-wrap: wrap; gap: 1rem; align-items: end; margin: 1rem 0 } label { display: grid; font-size: 13.5px; min-width: 0; max-width: 100% } input { font: inherit; max-width: 100% } input[type=number] { width: 5.5rem } button { font: inherit; padding: .3rem .9rem }
`;
