"""How the page of a run looks: narrow and wide, light and dark, on paper."""

from whytrain.pages.html import SEVERITIES_THEME, THEME

STYLE = (
    THEME
    + SEVERITIES_THEME
    + """
body { max-width: 50em; margin: 1.5em auto 4em; overflow-wrap: anywhere; }
h1 { font-size: 1.5em; line-height: 1.3; overflow-wrap: anywhere; }
figcaption { color: var(--quiet); }
.lead { font-size: 1.3em; line-height: 1.35; margin: 0.6em 0; }
.finding { border-left: 0.3em solid var(--line); padding: 0.1em 0 0.1em 1em; margin: 1.1em 0;
  break-inside: avoid; }
.finding.serious { border-color: var(--serious); }
.finding.warning { border-color: var(--warning); }
.finding.note { border-color: var(--note); }
.finding h3 { margin: 0; }
.finding p { margin: 0.4em 0; }
figure { margin: 1.6em 0; }
figure img { display: block; height: auto; max-width: 100%; }
figcaption { font-size: 0.92em; margin-bottom: 0.4em; }
figcaption b { color: var(--ink); font-size: 1.05em; }
details { margin: 0.5em 0; }
summary { cursor: pointer; }
pre { background: var(--soft); padding: 0.7em 0.9em; border-radius: 0.3em; overflow-x: auto;
  font-size: 0.88em; }
code { background: var(--soft); padding: 0.1em 0.3em; overflow-wrap: anywhere; }
pre code { padding: 0; overflow-wrap: normal; }
bdi { unicode-bidi: isolate; }
details.more > summary { padding: 0.4em 0.9em; border: 1px solid var(--line); border-radius: 0.3em; }
@media (max-width: 30em) { body { font-size: 0.95em; } }
@media print { nav { display: none; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  details::details-content { content-visibility: visible; } }
"""
)
