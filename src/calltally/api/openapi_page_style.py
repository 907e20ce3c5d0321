"""How the page of the OpenAPI document looks, by day and by night."""

STYLE = """
:root { color-scheme: light dark; --text: #1d2430; --soft: #5b6575; --back: #fbfcfe; --card: #fff;
  --line: #dde2ea; --link: #0b57b8; --get: #0b6b3a; --post: #0b57b8; --put: #935200; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e8ef; --soft: #9aa5b6; --back: #11151c;
  --card: #181e28; --line: #2d3644; --link: #83b6ff; --get: #63d298; --post: #83b6ff; --put: #f0b35b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1rem 6rem; max-width: 70rem; background: var(--back); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; }
h1 small, summary span, header p, section > p, td:last-child { color: var(--soft); }
h1 small { font-size: 1rem; font-weight: normal; }
h2 { margin: 2.5rem 0 .25rem; }
h4 { margin: 1rem 0 .25rem; }
a { color: var(--link); }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
em { color: var(--put); font-size: .8em; font-style: normal; }
nav { position: sticky; top: 0; display: flex; flex-wrap: wrap; gap: .25rem 1rem; padding: .6rem 0;
  background: var(--back); border-bottom: 1px solid var(--line); }
details, article { margin: .5rem 0; padding: .6rem 1rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .5rem; scroll-margin-top: 3rem; }
h2 { scroll-margin-top: 3rem; }
h3 { margin: 0; font: 600 1rem ui-monospace, monospace; }
summary { cursor: pointer; }
summary b { display: inline-block; min-width: 3.2rem; font: 600 .8rem ui-monospace, monospace; }
b.get { color: var(--get); } b.post { color: var(--post); } b.put { color: var(--put); }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
th, td { padding: .3rem .8rem .3rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; }
"""
