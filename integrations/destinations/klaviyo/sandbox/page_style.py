"""The style sheet of the sandbox page."""

from __future__ import annotations

STYLE = """
:root{color-scheme:light dark;--back:#f6f6f3;--card:#fff;--ink:#1b1c1a;--soft:#6a6d66;--line:#e4e4de;--tint:#f0f0eb;
--good:#0b6b45;--good-back:#dff3e8;--warn:#8a4b00;--warn-back:#fdebd0;--bad:#a3221c;
--link:#28538f;--dot:52%}
@media(prefers-color-scheme:dark){:root{--back:#141513;--card:#1d1f1c;--ink:#ecede8;--soft:#a0a49a;--line:#30332e;

--tint:#262925;--good:#7fdcae;--good-back:#14382a;--warn:#f3c27d;--warn-back:#3d2b11;--bad:#ff9b93;--link:#9fc3f5;--dot:62%}}
*{box-sizing:border-box}
body{margin:0;
background:var(--back);color:var(--ink);font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
font-variant-numeric:tabular-nums}
header{background:var(--card);border-bottom:1px solid var(--line)}
.bar,main{max-width:1160px;margin:0 auto;padding:18px 24px}
.bar{display:flex;justify-content:space-between;align-items:center;gap:16px;flex-wrap:wrap}
h1{margin:0;font-size:20px;letter-spacing:-.01em}h1 em{font-style:normal;font-weight:400;color:var(--soft)}
header p{margin:2px 0 0;color:var(--soft);font-size:14px}
.state{display:flex;gap:10px;align-items:center;flex-wrap:wrap;font-size:13px}
.live{display:inline-flex;align-items:center;gap:6px;color:var(--good)}
.live:before{content:"";width:8px;height:8px;border-radius:50%;background:currentColor}.live.off{color:var(--soft)}
a{color:var(--link)}a:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:4px}
.toggle{border:1px solid var(--line);border-radius:7px;padding:5px 12px;text-decoration:none;color:var(--ink)}
nav{display:flex;gap:8px;flex-wrap:wrap;margin:4px 0 18px}
nav a{display:inline-flex;gap:8px;align-items:center;max-width:100%;padding:6px 12px;border:1px solid var(--line);
border-radius:99px;background:var(--card);color:var(--ink);text-decoration:none;font-size:14px}
nav a span{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
nav a b{font-weight:500;color:var(--soft)}
nav a[aria-current]{background:var(--ink);border-color:var(--ink);color:var(--back)}
nav a[aria-current] b{color:inherit;opacity:.7}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(120px,1fr));gap:12px;margin:0 0 26px}
.tile{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:12px 16px;display:flex;
flex-direction:column}.tile dd{margin:0;font-size:26px;font-weight:600;letter-spacing:-.02em}
.tile dt{color:var(--soft);font-size:13px}
.tile.zero dd{color:var(--soft);font-weight:400}.tile.recorded:not(.zero) dd{color:var(--good)}
.tile.refused:not(.zero) dd{color:var(--bad)}.tile.throttled:not(.zero) dd{color:var(--warn)}
h2{font-size:16px;margin:0 0 10px}h2 small{font-weight:400;color:var(--soft);font-size:13px;margin-left:6px}
section{margin-bottom:30px}ol,ul{list-style:none;margin:0;padding:0}
.events{background:var(--card);border:1px solid var(--line);border-radius:12px;overflow:hidden}
.events li{display:grid;grid-template-columns:118px minmax(0,1.7fr) minmax(0,1fr) 104px 132px 44px;gap:14px;
align-items:center;padding:10px 16px;border-top:1px solid var(--line)}.events li:first-child{border-top:0}
time b,time span{display:block;white-space:nowrap}time b{font-weight:500;font-size:14px}
time span{color:var(--soft);font-size:12px}
.what{min-width:0;position:relative;padding-left:16px}
.what:before{content:"";position:absolute;left:0;top:7px;width:8px;height:8px;border-radius:3px;
background:hsl(var(--hue) 55% var(--dot))}
.what strong{display:block;font-weight:600;overflow-wrap:anywhere}
.details{display:block;color:var(--soft);font-size:13px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.who{min-width:0;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.who span{display:block;color:var(--soft);font-size:12px;overflow:hidden;text-overflow:ellipsis}
.value{text-align:right;white-space:nowrap}
.badge{display:inline-block;border-radius:6px;padding:2px 8px;font-size:12px;white-space:nowrap;background:var(--tint);
color:var(--soft)}.badge.good{background:var(--good-back);color:var(--good)}
.badge.warn{background:var(--warn-back);color:var(--warn)}.json{font-size:13px}
.profiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,330px),1fr));gap:12px}
.profiles>li{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:12px 16px;min-width:0}
.top{display:flex;justify-content:space-between;gap:10px}.top strong{overflow-wrap:anywhere}
.profiles p{margin:0;color:var(--soft);font-size:13px;overflow-wrap:anywhere}
.properties{display:flex;flex-wrap:wrap;gap:6px;margin-top:10px}
.properties li{background:var(--tint);border-radius:6px;padding:2px 8px;font-size:12.5px;overflow-wrap:anywhere}
.properties span,.more{color:var(--soft)}
.empty,.welcome{background:var(--card);border:1px dashed var(--line);border-radius:12px;padding:26px;color:var(--soft);
margin:0}.welcome h2{color:var(--ink)}pre{background:var(--tint);border-radius:8px;padding:12px;overflow-x:auto;
color:var(--ink);margin:12px 0 0}code{color:var(--ink)}
textarea{width:100%;padding:12px;border:1px solid var(--line);border-radius:8px;background:var(--tint);color:var(--ink);
font:13px/1.5 ui-monospace,Menlo,Consolas,monospace;resize:vertical}
button{font:inherit;background:var(--card);cursor:pointer}
button:focus-visible,textarea:focus-visible{outline:2px solid var(--link);outline-offset:2px}
#log{color:var(--ink);font:13px/1.6 ui-monospace,Menlo,Consolas,monospace;overflow-wrap:anywhere}#log .bad{color:var(--bad)}
@media(max-width:960px){.events li{grid-template-columns:minmax(0,1fr) auto auto;gap:3px 12px;padding:12px 14px}
time{order:1;grid-column:1;display:flex;gap:8px;align-items:baseline}.flow{order:2;grid-column:2/-1;text-align:right}
.what{order:3;grid-column:1/-1}.who{order:4;grid-column:1;padding-left:16px;font-size:14px}
.value{order:5;grid-column:2;font-size:14px}.json{order:6;grid-column:3;padding:4px 0}
.details{white-space:normal;display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:2}}
@media(max-width:640px){.bar,main{padding:14px 16px}.tiles{grid-template-columns:repeat(2,1fr);gap:8px}
.tile{padding:10px 12px}.tile dd{font-size:22px}.tile:first-child{grid-column:1/-1}
.tiles:has(.pending) .tile:first-child{grid-column:auto}header p{font-size:13px}}
"""
