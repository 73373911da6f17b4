import type sanitizeHtml from 'sanitize-html';

type Sanitizer = typeof sanitizeHtml;

/** Gives the library that takes HTML apart; asked for when there is markup, because it is costly to load. */
export type HtmlLibrary = () => Sanitizer;

const optionsOf = ({ defaults }: Sanitizer): sanitizeHtml.IOptions => ({
  allowedTags: [...defaults.allowedTags, 'img'],
  // No style, class, id or event handlers: a description must not reach into the page around it.
  allowedAttributes: {
    a: ['href', 'title'],
    img: ['src', 'alt', 'title', 'width', 'height'],
    td: ['colspan', 'rowspan'],
    th: ['colspan', 'rowspan', 'scope'],
    ol: ['start', 'type'],
  },
  allowedSchemes: ['http', 'https', 'mailto', 'tel'],
  allowedSchemesByTag: { img: ['http', 'https'] },
  allowProtocolRelative: false,
});

const MAX_PASSES = 5;

/**
 * HTML that can be shown in a page: texts and their structure stay, scripts and what could act as one go. What it gives
 * it leaves as it is: of badly nested tags one pass of the library makes tags that the next one nests otherwise, and an
 * exported catalog must come back unchanged.
 */
export function sanitise(html: string, library: HtmlLibrary): string {
  // Text without markup is the common case of imports; the parser costs 20 times as much as looking.
  if (!/[<>&]/.test(html)) return html;
  const sanitizeOnce = library();
  const options = optionsOf(sanitizeOnce);
  let clean = html;
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const cleaner = sanitizeOnce(clean, options);
    if (cleaner === clean) return clean;
    clean = cleaner;
  }
  return sanitizeOnce(clean, { allowedTags: [], allowedAttributes: {} });
}

/** The words of HTML, for the search. */
export const plainText = (html: string): string =>
  html.includes('<') ? html.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ') : html;
