/** The content security policy that holds in the page, read from the page. */
import { expect, test } from 'vitest';
import { session } from './support/session.ts';

const { workbench } = session();

interface Policy {
  directives: Map<string, string[]>;
  nonce: string;
}

/** Of the page that is open: the policy that stands in it, and the nonce that its script was let in with. */
async function policyOfPage(): Promise<Policy> {
  const document = workbench().view();
  await document.locator('body').waitFor();
  const found = await document.locator('html').evaluate((root) => ({
    policies: [...root.querySelectorAll('meta[http-equiv="Content-Security-Policy"]')].map((meta) =>
      meta.getAttribute('content'),
    ),
    nonces: [...root.querySelectorAll('script')].map((script) => script.nonce).filter(Boolean),
  }));
  expect(found.policies).toHaveLength(1);
  const directives = (found.policies[0] ?? '').split(';').map((text): [string, string[]] => {
    const [name = '', ...sources] = text.trim().split(/\s+/);
    return [name, sources];
  });
  return { directives: new Map(directives), nonce: found.nonces[0] ?? '' };
}

function isStrict({ directives, nonce }: Policy): void {
  expect(directives.get('default-src')).toEqual(["'none'"]);
  expect(directives.get('base-uri')).toEqual(["'none'"]);
  expect(directives.get('form-action')).toEqual(["'none'"]);
  expect(Buffer.from(nonce, 'base64').length).toBeGreaterThanOrEqual(16);
  expect(directives.get('script-src')).toEqual([`'nonce-${nonce}'`]);
  for (const [name, sources] of directives)
    for (const source of sources) {
      expect(source, name).not.toMatch(/unsafe|strict-dynamic|^\*|\*$|^https?:$|^data:$/);
      // The host of webviews, as VS Code names it, is the one place with a wildcard: any of its own subdomains.
      if (source.includes('*')) expect(['style-src', 'font-src'], source).toContain(name);
    }
}

test('both pages run under a strict policy, each opening with a nonce of its own', async () => {
  await workbench().openFromExplorer('base', 'model.safetensors');
  const first = await policyOfPage();
  isStrict(first);
  await workbench().runCommand('View: Close All Editors');
  await workbench().openFromExplorer('base', 'model.safetensors');
  const second = await policyOfPage();
  isStrict(second);
  expect(second.nonce).not.toBe(first.nonce);

  await workbench().selectAsBase('base', 'model.safetensors');
  await workbench().chooseFromMenu(await workbench().reveal('rl', 'model.safetensors'), 'Compare with Base');
  await workbench()
    .tab(/base → rl/)
    .waitFor();
  const comparison = await policyOfPage();
  isStrict(comparison);
  expect([first.nonce, second.nonce]).not.toContain(comparison.nonce);
});
