// @ts-check
// The repository's address and all that follows from it. It stands once, in package.json's `repository`. Node built-ins only.

/**
 * @typedef {{ repository: { type: string, url: string }, homepage: string, bugs: { url: string }, qna: string }} Links the fields of
 * package.json that hold an address
 */

/**
 * @param {string} address of a repository on GitHub: https, ssh, git+https, with or without ".git"
 * @returns {{ page: string, fields: Links, content: string, images: string }} its page; the fields of package.json; what goes before the
 * README's relative links and images, outside of the repository
 */
export function linksOf(address) {
  const [, owner, name] =
    /^(?:(?:git\+)?https:\/\/github\.com\/|(?:ssh:\/\/)?git@github\.com[:/])([\w.-]+)\/([\w.-]+?)(?:\.git)?\/?$/.exec(
      address,
    ) ?? [];
  if (!owner || !name)
    throw new Error(
      `"${address}" is not the address of a repository on GitHub, as in https://github.com/OWNER/NAME.git`,
    );
  const page = `https://github.com/${owner}/${name}`;
  return {
    page,
    fields: {
      repository: { type: 'git', url: `${page}.git` },
      homepage: `${page}#readme`,
      bugs: { url: `${page}/issues` },
      qna: `${page}/discussions`,
    },
    content: `${page}/blob/HEAD`,
    images: `${page}/raw/HEAD`,
  };
}
