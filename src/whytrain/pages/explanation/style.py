"""How the page of an explained text looks: narrow and wide, light and dark, on paper."""

from whytrain.presentation.palette import NEGATIVE, POSITIVE, SIZE

STYLE = f"""
:root {{ color-scheme: light dark; --ink: #222; --quiet: #5a5a5a; --line: #d9d9d9; --paper: #fff;
  --soft: #f4f4f4;  --for: {POSITIVE}; --against: {NEGATIVE}; --size: {SIZE}; }}
@media screen and (prefers-color-scheme: dark) {{
  :root {{ --ink: #e6e6e6; --quiet: #a8a8a8; --line: #44474d; --paper: #1b1d21; --soft: #26292f;
    --for: #f0747f; --against: #6fb0ea; --size: #b795e0; }} }}
@media print {{ :root {{ color-scheme: light; }}
  details::details-content {{ content-visibility: visible; }} }}
* {{ print-color-adjust: exact; -webkit-print-color-adjust: exact; }}
body {{ color: var(--ink); background: var(--paper); max-width: 46em; margin: 1.5em auto 4em; }}
h1 {{ font-size: 1.5em; line-height: 1.3; }}
h2, th {{ border-color: var(--line); }}
td {{ border-color: var(--line); }}
a {{ color: var(--against); }}
.quiet {{ color: var(--quiet); }}
.text {{ font-size: 1.15em; }}
bdi {{ unicode-bidi: isolate; }}
table.bars {{ width: 100%; font-size: 0.92em; }}
table.bars th, table.bars td {{ border: 0; padding: 0.15em 0.4em; vertical-align: middle; min-width: 0; }}
table.bars th {{ font-weight: normal; }}
table.bars thead th {{ color: var(--quiet); font-size: 0.9em; border-bottom: 1px solid var(--line);
  vertical-align: bottom; }}
table.bars th[scope=row] {{ max-width: 12em; overflow-wrap: anywhere; }}
table.bars td.place {{ color: var(--quiet); text-align: right; width: 1.6em; }}
table.bars tr.end > * {{ border-top: 1px solid var(--line); border-bottom: 1px solid var(--line); }}
table.bars thead th.number {{ text-align: right; }}
td.track {{ width: 45%; }}
.rail {{ position: relative; display: block; height: 1.05em; background: var(--soft);
  border-radius: 0.15em; }}
.rail > i {{ position: absolute; top: 0.12em; bottom: 0.12em; border-radius: 0.1em; min-width: 1px; }}
.rail > b {{ position: absolute; top: 0; bottom: 0; width: 1px; background: var(--quiet); }}
.rail > b.half {{ background: var(--line); }}
.rail > u {{ position: absolute; top: 50%; height: 1px; background: var(--ink); }}
.for {{ background: var(--for); stroke: var(--for); }}
.against {{ background: var(--against); stroke: var(--against); }}
.size {{ background: var(--size); stroke: var(--size); }}
svg {{ max-width: 100%; height: auto; display: block; font-size: 13px;
  font-family: inherit; overflow: visible; }}
svg text {{ fill: var(--ink); stroke: var(--paper); stroke-width: 3px; paint-order: stroke; }}
svg text.faint {{ fill: var(--quiet); font-size: 11px; }}
svg path {{ fill: none; background: none; }}
svg path.against {{ stroke-dasharray: 5 3; }}
svg rect.ground {{ fill: var(--soft); }}
svg rect.shade {{ fill: var(--size); }}
svg circle {{ fill: var(--paper); stroke: var(--line); }}
table.methods {{ font-size: 0.8em; border-collapse: separate; border-spacing: 2px; margin: 0.4em 0; }}
table.methods th, table.methods td {{ border: 0; padding: 0.2em 0.35em; min-width: 0; }}
table.methods th {{ font-weight: normal; }}
table.methods thead th {{ vertical-align: bottom; text-align: right; max-width: 6.5em; }}
table.methods td {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap;
  border-radius: 0.15em; }}
table.methods th[scope=row] {{ position: sticky; left: 0; background: var(--paper); max-width: 9em;
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }}
table.methods tfoot > tr:first-child > * {{ border-top: 1px solid var(--line); }}
table.methods tfoot th {{ color: var(--quiet); }}
details {{ border: 1px solid var(--line); border-radius: 0.4em; padding: 0.5em 0.9em; margin: 0.8em 0; }}
summary {{ cursor: pointer; }}
dt {{ font-weight: 600; margin-top: 0.6em; }}
dd {{ margin-left: 0; }}
.note {{ background: var(--soft); border-left: 0.25em solid var(--quiet); padding: 0.5em 0.9em; }}
@media (max-width: 30em) {{ body {{ font-size: 0.95em; }} td.track {{ width: 34%; }}
  table.bars th[scope=row] {{ max-width: 7em; }} }}
"""
