extension RunReport {
  /// The look of the page, in light and dark.
  static let style = """
    :root {
      --ground: #fbfaf8; --panel: #ffffff; --ink: #1c1e21; --soft: #5d636b; --line: #e4e1dc;
      --accent: #a1440f; --good: #1b7a43; --off: #b4371e;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --ground: #141517; --panel: #1c1e21; --ink: #eceae6; --soft: #a0a6ad; --line: #33363a;
        --accent: #f0935a; --good: #62c98c; --off: #ff8a70;
      }
      figure > svg { filter: invert(0.885) hue-rotate(180deg); }
    }
    * { box-sizing: border-box; }
    body {
      margin: 0; background: var(--ground); color: var(--ink);
      font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
    }
    header, main, footer { max-width: 60rem; margin: 0 auto; padding: 0 1.5rem; }
    header { padding-top: 3.5rem; }
    .system {
      margin: 0; color: var(--accent); font-weight: 650; letter-spacing: 0.12em;
      text-transform: uppercase; font-size: 0.78rem;
    }
    h1 { margin: 0.2rem 0 0.3rem; font-size: 2.4rem; line-height: 1.15; letter-spacing: -0.02em; }
    .purpose { margin: 0; color: var(--soft); font-size: 1.1rem; max-width: 44rem; }
    .facts { display: flex; flex-wrap: wrap; gap: 0.8rem 2.2rem; margin: 1.6rem 0 0; }
    .facts dt { color: var(--soft); font-size: 0.8rem; }
    .facts dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; }
    section { margin-top: 2.8rem; }
    h2 { margin: 0 0 0.8rem; font-size: 1.25rem; letter-spacing: -0.01em; }
    table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
    .numbers { width: 100%; }
    .numbers th, .numbers td {
      text-align: left; padding: 0.5rem 1rem 0.5rem 0; border-bottom: 1px solid var(--line);
      vertical-align: baseline;
    }
    .numbers td { white-space: nowrap; }
    .numbers tbody th { font-weight: 500; }
    .numbers tbody td:nth-child(2) { font-weight: 650; font-size: 1.1rem; }
    .numbers thead th { color: var(--soft); font-size: 0.8rem; font-weight: 500; }
    .numbers td.source { color: var(--soft); font-size: 0.85rem; white-space: normal; }
    .scroll { overflow-x: auto; }
    .good { color: var(--good); } .off { color: var(--off); }
    figure {
      margin: 0; padding: 1.2rem 1.2rem 0.9rem; background: var(--panel);
      border: 1px solid var(--line); border-radius: 10px;
    }
    figure > svg { display: block; width: 100%; height: auto; max-width: 46rem; margin: 0 auto; }
    figcaption { margin-top: 0.8rem; color: var(--soft); font-size: 0.9rem; }
    .found { margin-top: 0.9rem; font-size: 0.92rem; }
    .found th { text-align: left; font-weight: 400; color: var(--soft); padding: 0.15rem 1.5rem 0.15rem 0; }
    .found td { font-weight: 600; overflow-wrap: anywhere; }
    .absent { color: var(--soft); font-style: italic; margin: 0; }
    details { margin-top: 0.6rem; }
    summary { cursor: pointer; }
    pre {
      overflow-x: auto; padding: 1rem; border: 1px solid var(--line); border-radius: 10px;
      background: var(--panel); font: 0.82rem/1.5 ui-monospace, SFMono-Regular, Menlo, monospace;
    }
    footer { padding-top: 3rem; padding-bottom: 2.5rem; color: var(--soft); font-size: 0.82rem; }
    @media print { details { display: none; } figure { break-inside: avoid; } }
    """
}
