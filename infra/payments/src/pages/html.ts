const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? '');

/** Each page says what this is. */
export const NOTICE =
  'This is no real payment provider: it is the test provider of this shop. No money moves. Never enter a real card.';

/** A whole page: no scripts, no other files. */
export function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a }
.notice { background: #fff3cd; border: 2px solid #b58900; padding: .75rem 1rem; font-weight: 600 }
.error { background: #fde8e8; border: 2px solid #b00020; padding: .5rem 1rem }
label { display: block; margin-top: .75rem } input { font: inherit; padding: .4rem; width: 100%; box-sizing: border-box }
button { font: inherit; padding: .5rem 1.25rem; margin: 1rem .5rem 0 0; cursor: pointer }
table { border-collapse: collapse; font-size: .875rem } td { padding: .15rem .75rem .15rem 0; vertical-align: top }
</style></head>
<body><p class="notice" role="note">${NOTICE}</p>
<h1>${escaped(title)}</h1>
${content}
</body></html>
`;
}
