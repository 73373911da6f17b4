/** Of whatever a link is refused for: it shall not say which. */
export const LINK_ENDED = 'This link was used, has ended, or is not whole: ask for another';
