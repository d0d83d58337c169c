/**
 * Objects of S3 and of what speaks like it: `s3://bucket/key`, signed with AWS's usual variables (AWS_ACCESS_KEY_ID,
 * AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION, AWS_ENDPOINT_URL); without keys a public bucket is asked unsigned.
 */
import { AwsV4Signer } from 'aws4fetch';
import { OffaxisError } from '../../protocol/errors.ts';
import { say } from '../../protocol/say.ts';
import { namesOf, rootOf } from '../path.ts';
import { isAllowed, type Target } from './exchange.ts';
import type { Ask, Listed, Store } from './store.ts';

/** S3's rule, wide enough for those of others. */
const BUCKET = /^[a-zA-Z0-9][\w.-]{1,254}$/;
/** A folder comes in pages of 1000 names. */
const MOST_PAGES = 100;

export class S3Store implements Store {
  readonly signIn =
    'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN, if the keys are temporary) of somebody who may read it.';

  constructor(private readonly access: { variables: Readonly<Record<string, string | undefined>>; ask: Ask }) {}

  target(path: string): Promise<Target> {
    return this.signed(this.urlOf(path, namesOf(path)));
  }

  async list(folder: string): Promise<readonly Listed[]> {
    const names = namesOf(folder);
    const prefix = names.length === 0 ? '' : `${names.join('/')}/`;
    const found: Listed[] = [];
    let token: string | null = null;
    for (let page = 0; page < MOST_PAGES; page++) {
      const url = this.urlOf(folder, []);
      const query = { 'list-type': '2', delimiter: '/', 'encoding-type': 'url', prefix };
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      if (token !== null) url.searchParams.set('continuation-token', token);
      const answer = await this.access.ask(folder, await this.signed(url));
      if (!answer) throw new OffaxisError('bad-file', say`${folder}: there is no such bucket. Check the address.`);
      const { text } = answer;
      for (const [part, kind] of [
        ['Contents', 'file'],
        ['CommonPrefixes', 'folder'],
      ] as const)
        for (const element of elements(text, part)) {
          const key = decodedKey(elements(element, kind === 'file' ? 'Key' : 'Prefix')[0] ?? '');
          const name = key.startsWith(prefix) ? key.slice(prefix.length).replace(/\/$/, '') : '';
          // An object called like its folder stands for the folder in some consoles.
          if (name !== '') found.push({ name, kind });
        }
      const [next] = elements(text, 'NextContinuationToken');
      if (elements(text, 'IsTruncated')[0] !== 'true' || next === undefined) break;
      token = unescaped(next);
    }
    if (found.length === 0) throw new OffaxisError('bad-file', say`${folder} holds nothing. Check the address.`);
    return found;
  }

  check(path: string): void {
    if (!BUCKET.test(bucketOf(path)))
      throw new OffaxisError('bad-parameter', say`${path} names no bucket: an address is s3://bucket/key.`);
  }

  private urlOf(path: string, names: readonly string[]): URL {
    this.check(path);
    const bucket = bucketOf(path);
    const { variables } = this.access;
    const own = variables['AWS_ENDPOINT_URL_S3'] || variables['AWS_ENDPOINT_URL'];
    const region = this.region();
    // A bucket with dots has no certificate of its own.
    const text =
      own !== undefined && own !== ''
        ? `${own.replace(/\/+$/, '')}/${bucket}`
        : bucket.includes('.')
          ? `https://s3.${region}.amazonaws.com/${bucket}`
          : `https://${bucket}.s3.${region}.amazonaws.com`;
    const url = URL.canParse(text) ? new URL(text) : null;
    if (!url || !isAllowed(url) || url.username !== '' || url.password !== '')
      throw new OffaxisError(
        'bad-parameter',
        say('AWS_ENDPOINT_URL is not an https:// address without a login. Correct it.'),
      );
    url.pathname = [url.pathname.replace(/\/$/, ''), ...names.map(encodedKey)].join('/');
    return url;
  }

  private region(): string {
    const { variables } = this.access;
    return variables['AWS_REGION'] || variables['AWS_DEFAULT_REGION'] || 'us-east-1';
  }

  private async signed(url: URL): Promise<Target> {
    const { variables } = this.access;
    const [accessKeyId, secretAccessKey] = [variables['AWS_ACCESS_KEY_ID'], variables['AWS_SECRET_ACCESS_KEY']];
    if (!accessKeyId || !secretAccessKey) return { url: url.href, headers: {} };
    const sessionToken = variables['AWS_SESSION_TOKEN'];
    const signer = new AwsV4Signer({
      url: url.href,
      method: 'GET',
      accessKeyId,
      secretAccessKey,
      ...(sessionToken ? { sessionToken } : {}),
      service: 's3',
      region: this.region(),
    });
    const { url: signed, headers } = await signer.sign();
    return { url: signed.href, headers: Object.fromEntries(headers) };
  }
}

const bucketOf = (path: string): string => rootOf(path).slice('s3://'.length);

/** RFC 3986, which signatures are made of: encodeURIComponent leaves five characters out. */
function encodedKey(name: string): string {
  return encodeURIComponent(name).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** With encoding-type=url, keys come as a form would send them. */
function decodedKey(text: string): string {
  try {
    return decodeURIComponent(unescaped(text).replaceAll('+', ' '));
  } catch {
    return text;
  }
}

/** Contents of the elements of one name, of XML that holds no attributes in them and no comments, as ListObjectsV2 answers. */
function elements(xml: string, name: string): string[] {
  const [open, close] = [`<${name}>`, `</${name}>`];
  const found: string[] = [];
  for (let at = xml.indexOf(open); at >= 0; at = xml.indexOf(open, at)) {
    const end = xml.indexOf(close, at);
    if (end < 0) break;
    found.push(xml.slice(at + open.length, end));
    at = end;
  }
  return found;
}
function unescaped(text: string): string {
  const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => named[name] ?? '');
}
