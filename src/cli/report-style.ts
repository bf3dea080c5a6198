/**
 * The page's style. The six series colours are told apart with the usual colour blindnesses
 * (after the Okabe–Ito palette, lightened for dark grounds).
 */
export const PAGE_STYLE = `
:root{color-scheme:light dark;--paper:#fbfbfa;--panel:#fff;--ink:#1c2026;--faint:#667;--grid:#e4e4e0;
--c1:#0072b2;--c2:#d55e00;--c3:#009e73;--c4:#cc79a7;--c5:#b8860b;--c6:#4b4b9b;
--good:#00714f;--fair:#8a5a00;--bad:#b3261e}
@media (prefers-color-scheme:dark){:root{--paper:#14171b;--panel:#1c2026;--ink:#e6e8eb;--faint:#9aa3ad;
--grid:#2e343b;--c1:#56b4e9;--c2:#f08a4b;--c3:#3ecf9f;--c4:#e29bc2;--c5:#e6b84a;--c6:#9a9af0;
--good:#3ecf9f;--fair:#e6b84a;--bad:#ff8a80}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1180px;margin:0 auto;padding:24px 20px 60px}
h1{font-size:26px;margin:0 0 4px}
h2{font-size:17px;margin:34px 0 10px}
.verdict{font-size:18px;max-width:70ch;margin:0 0 20px;padding-left:12px;border-left:4px solid}
.verdict.good{border-color:var(--good)}.verdict.fair{border-color:var(--fair)}
.verdict.bad{border-color:var(--bad)}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(160px,1fr));gap:10px}
.card{background:var(--panel);border:1px solid var(--grid);border-radius:8px;padding:10px 12px}
.card span,.card small{display:block;color:var(--faint);font-size:12.5px}
.card b{font-size:20px;font-variant-numeric:tabular-nums}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,460px),1fr));gap:12px}
.chart{width:100%;height:auto;background:var(--panel);border:1px solid var(--grid);border-radius:8px}
.chart text{font:11px system-ui,sans-serif;fill:var(--faint)}
.chart .title{font-size:13px;font-weight:600;fill:var(--ink)}
.chart .name{fill:var(--ink)}
.chart .grid{stroke:var(--grid)}.chart .axis{stroke:var(--faint)}
.chart .curve{fill:none;stroke-width:1.8;stroke-linejoin:round}
.chart .span{stroke:var(--c1);stroke-opacity:.35;stroke-width:3}
.chart .target{stroke:var(--bad);stroke-dasharray:5 4}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--faint);padding:4px 0}
th,td{padding:3px 14px 3px 0;border-bottom:1px solid var(--grid)}
th{text-align:left;font-weight:500}
td,thead th{text-align:right}
thead th:first-child{text-align:left}
.charts+table{margin-top:12px}
.columns{display:flex;flex-wrap:wrap;gap:24px 44px;align-items:flex-start}
pre{background:var(--panel);border:1px solid var(--grid);border-radius:8px;padding:12px;white-space:pre-wrap;overflow-wrap:anywhere}
code,pre{font:13px/1.45 ui-monospace,monospace}
.warnings{color:var(--fair)}
`;
