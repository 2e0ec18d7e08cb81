package diagram

// Style is the style sheet of all pictures. A page that shows some by Inline
// holds it once.
const Style = `.assay-scene{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Liberation Sans",Arial,sans-serif;display:block;max-width:100%;height:auto;min-width:0}` +
	`.assay-scene{` + light + `}` +
	`@media screen and (prefers-color-scheme:dark){.assay-scene{` + dark + `}}` +
	`.assay-scene text{font-size:12.5px;fill:var(--f)}` +
	`.assay-scene .s{font-size:11px;fill:var(--m)}.assay-scene .n{font-weight:600;text-anchor:end}.assay-scene .t{font-size:11px;fill:var(--m);text-anchor:end;font-variant-numeric:tabular-nums}` +
	`.assay-scene .h{font-size:11.5px;font-weight:600;text-anchor:middle}.assay-scene .q,.assay-scene .o,.assay-scene .s{paint-order:stroke;stroke:var(--p);stroke-width:3px;stroke-linejoin:round}.assay-scene .o{font-weight:600;stroke:var(--t)}.assay-scene .e{font-size:10px;font-weight:600;paint-order:stroke;stroke:var(--p);stroke-width:3px;stroke-linejoin:round}` +
	`.assay-scene .hb{fill:var(--k);stroke:var(--g)}` +
	`.assay-scene .z{fill:var(--z)}.assay-scene .w{fill:var(--t)}.assay-scene .wb{fill:var(--r)}` +
	`.assay-scene .l{stroke:var(--g);stroke-width:1.5;fill:none}.assay-scene .b{stroke:var(--m);stroke-width:1;fill:none;stroke-dasharray:1 3}` +
	`.assay-scene .a{stroke:var(--m);stroke-width:1.3;fill:none}.assay-scene .ah{fill:var(--m)}.assay-scene .r{stroke:var(--r);stroke-width:2.6;fill:none}.assay-scene .rh{fill:var(--r)}` +
	`.assay-scene .d{stroke-dasharray:5 4}.assay-scene .x{stroke:var(--f);stroke-width:2.2;fill:none}` +
	`.assay-scene .k{fill:var(--p);stroke:var(--f);stroke-width:1.6}.assay-scene .kr{fill:var(--r);stroke:var(--f);stroke-width:1.4}` +
	`.assay-scene .e0{stroke:var(--e0)}.assay-scene .e1{stroke:var(--e1)}.assay-scene .e2{stroke:var(--e2)}.assay-scene .e3{stroke:var(--e3)}.assay-scene .ld{stroke-width:7;fill:none}` +
	`.assay-scene .gd{fill:var(--p);stroke:var(--f);stroke-width:1.2}.assay-scene .gh{stroke:var(--f);stroke-width:1;fill:none}.assay-scene .gp{stroke:var(--y);stroke-width:3;fill:none}` +
	`.assay-scene .gn{stroke:var(--y);stroke-width:3.2;fill:none;stroke-dasharray:7 4}.assay-scene .gs{stroke:var(--y);stroke-width:3.2;fill:none;stroke-dasharray:2 3}` +
	`@media print{.assay-scene{` + light + `;-webkit-print-color-adjust:exact;print-color-adjust:exact}}`

// The inks: foreground, muted, guides, zebra, paper, tint and line of the
// record, headings' ground, yellow of disturbances, and of leader epochs.
const (
	light = `--f:#1c2430;--m:#566273;--g:#b4bcc8;--z:#f4f6f9;--p:#fff;--t:#fde6d8;--r:#d55e00;--k:#eef1f5;--y:#e69f00;--e0:#0072b2;--e1:#009e73;--e2:#cc79a7;--e3:#56b4e9`
	dark  = `--f:#e4e9f0;--m:#a0acbb;--g:#4b5666;--z:#1b2129;--p:#14181e;--t:#4a2510;--r:#ff8a3d;--k:#242c37;--y:#f2b53a;--e0:#56a8e8;--e1:#2fcb9d;--e2:#e29bc3;--e3:#9bd8ff`
)

// epochInks is how many colours leader epochs take in turn.
const epochInks = 4

// ground is the background of a picture that stands alone.
const ground = `.assay-scene{background:var(--p)}`
