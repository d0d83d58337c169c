/** The content security policy that holds in the page, read from the page. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { session } from './support/session.ts';

const { workbench } = session();

/** Somebody else's server, on this machine: what a page sends anywhere would arrive here. */
const arrived: string[] = [];
const server = createServer((request, response) => {
  arrived.push(`${request.method} ${request.url}`);
  response.setHeader('Access-Control-Allow-Origin', '*').end('document.title = "acted"');
});
beforeAll(() => new Promise<void>((done) => server.listen(0, '127.0.0.1', done)));
afterAll(() => {
  const closed = new Promise((done) => server.close(done));
  // a browser connects to what it might ask, and stays so for a minute
  server.closeAllConnections();
  return closed;
});
const elsewhere = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

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

test('what is smuggled into a page neither runs, nor sends anything, nor takes the page away', async () => {
  await workbench().openFromExplorer('base', 'model.safetensors');
  const app = workbench().view().locator('ox-inspector');
  await app.waitFor();
  const found = await app.evaluate(async (element, address) => {
    const { ownerDocument: page } = element;
    const { body, title, baseURI } = page;
    const made: Element[] = [];
    const add = (name: string, attributes: Record<string, string>, text = ''): Element => {
      const one = page.createElement(name);
      for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
      one.textContent = text;
      body.append(one);
      made.push(one);
      return one;
    };
    for (const target of ['', '_self', '_top', '_parent', '_blank'])
      for (const method of ['get', 'post']) {
        const form = add('form', { action: `${address}/form`, target, method }) as HTMLFormElement;
        const field = page.createElement('input');
        Object.assign(field, { name: 'weights', value: '1' });
        form.append(field);
        form.submit();
      }
    (add('form', { action: 'javascript:document.title = "acted"' }) as HTMLFormElement).submit();
    add('script', {}, 'document.title = "acted"');
    add('script', { src: `${address}/script.js` });
    add('img', { src: `${address}/image`, onerror: 'document.title = "acted"' });
    add('iframe', { src: `${address}/frame` });
    add('link', { rel: 'stylesheet', href: `${address}/style.css` });
    add('object', { data: `${address}/object` });
    add('base', { href: address });
    const styled = add('p', { style: 'position: fixed' });
    const fetched = await fetch(`${address}/fetch`, { mode: 'no-cors' }).then(
      () => 'fetched',
      () => 'refused',
    );
    // in a turn of the page's own: the test's is let past the policy
    const evaluated = await new Promise<string>((done) =>
      setTimeout(() => {
        try {
          done(String(window.eval('"evaluated"')));
        } catch {
          done('refused');
        }
      }),
    );
    await new Promise((done) => setTimeout(done, 1500));
    const position = getComputedStyle(styled).position;
    const moved = page.baseURI !== baseURI;
    for (const one of made) one.remove();
    return { fetched, evaluated, position, moved, acted: page.title !== title };
  }, elsewhere());
  expect(found).toEqual({ fetched: 'refused', evaluated: 'refused', position: 'static', moved: false, acted: false });
  expect(arrived).toEqual([]);
  // the page is there, and at work
  await app.locator('[role="treegrid"]').waitFor();
  await workbench().screenshot('policy smuggled');
});
