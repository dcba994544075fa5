/** Examples in a page of docs. */

/** All blocks of a language, one after the other. */
export function blocks(page: string, language: string): string {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map((match) => match[1]!).join('');
}
