import sanitizeHtml from 'sanitize-html';

const OPTIONS: sanitizeHtml.IOptions = {
  allowedTags: [...sanitizeHtml.defaults.allowedTags, 'img'],
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
};

/** HTML that can be shown in a page: texts and their structure stay, scripts and what could act as one go. */
export const sanitise = (html: string): string =>
  // Text without markup is the common case of imports; the parser costs 20 times as much as looking.
  /[<>&]/.test(html) ? sanitizeHtml(html, OPTIONS) : html;

/** The words of HTML, for the search. */
export const plainText = (html: string): string =>
  html.includes('<') ? html.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ') : html;
