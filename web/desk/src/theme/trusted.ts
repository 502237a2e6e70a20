// The page's policy takes no text where markup or a script is expected (Trusted Types). ECharts empties its element with an
// empty text; that, and nothing else, is let through.
interface Factory {
  createPolicy(name: 'default', rules: {createHTML: (text: string) => string | null}): unknown;
}

(window as {trustedTypes?: Factory}).trustedTypes?.createPolicy('default', {createHTML: text => (text === '' ? '' : null)});
