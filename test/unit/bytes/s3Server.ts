/**
 * Stands in for S3: objects by range and ListObjectsV2, and every request is held to AWS's Signature Version 4, which is worked out here
 * by its definition (AWS, "Create a signed AWS API request") and by no library.
 */
import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { WebServer } from './webServer.ts';

export const KEYS = {
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG',
  AWS_REGION: 'eu-central-1',
};
const PAGE = 10;

export class S3Server {
  /** for everybody */
  isPublic = false;
  /** Objects are handed out, and no list of them. */
  isUnlisted = false;
  /** of temporary keys */
  sessionToken: string | null = null;

  private constructor(readonly web: WebServer) {}

  static async start(): Promise<S3Server> {
    const s3 = new S3Server(await WebServer.start());
    s3.web.otherwise = (request, response) => s3.answer(request, response);
    return s3;
  }

  put(key: string, bytes: Uint8Array): void {
    this.web.put(`/bucket/${key}`, bytes);
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', this.web.origin);
    if (!this.isPublic && !this.isSigned(request, url))
      return void response.writeHead(403).end('<Error><Code>SignatureDoesNotMatch</Code></Error>');
    if (url.searchParams.get('list-type') !== '2') return this.web.usual(request, response);
    if (this.isUnlisted) return void response.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>');
    if (url.pathname !== '/bucket') return void response.writeHead(404).end('<Error><Code>NoSuchBucket</Code></Error>');
    const prefix = url.searchParams.get('prefix') ?? '';
    const keys = [...this.web.files.keys()]
      .map((path) => path.slice('/bucket/'.length))
      .filter((key) => key.startsWith(prefix));
    const names = [...new Set(keys.map((key) => /^[^/]*\/?/.exec(key.slice(prefix.length))?.[0] ?? ''))].sort();
    const from = Number(url.searchParams.get('continuation-token') ?? 0);
    const text = (key: string): string => encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+');
    const shown = names
      .slice(from, from + PAGE)
      .map((name) =>
        name.endsWith('/')
          ? `<CommonPrefixes><Prefix>${text(prefix + name)}</Prefix></CommonPrefixes>`
          : `<Contents><Key>${text(prefix + name)}</Key><Size>1</Size></Contents>`,
      );
    const more = from + PAGE < names.length;
    response
      .writeHead(200, { 'content-type': 'application/xml' })
      .end(
        `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><EncodingType>url</EncodingType><IsTruncated>${more}</IsTruncated>${shown.join('')}${more ? `<NextContinuationToken>${from + PAGE}</NextContinuationToken>` : ''}</ListBucketResult>`,
      );
  }

  private isSigned({ method = '', headers }: IncomingMessage, url: URL): boolean {
    const said =
      /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([\w-]+)\/s3\/aws4_request, SignedHeaders=([\w;-]+), Signature=([0-9a-f]{64})$/.exec(
        headers.authorization ?? '',
      );
    if (!said) return false;
    const [, id, day = '', region = '', signedHeaders = '', signature] = said;
    if (id !== KEYS.AWS_ACCESS_KEY_ID || region !== KEYS.AWS_REGION) return false;
    if ((headers['x-amz-security-token'] ?? null) !== this.sessionToken) return false;
    const encode = (text: string): string =>
      encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
    const query = [...url.searchParams]
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .sort()
      .join('&');
    const path = url.pathname
      .split('/')
      .map((part) => encode(decodeURIComponent(part)))
      .join('/');
    const canonical = [
      method,
      path,
      query,
      ...signedHeaders.split(';').map((name) => `${name}:${String(headers[name]).trim()}`),
      '',
      signedHeaders,
      headers['x-amz-content-sha256'] ?? '',
    ].join('\n');
    const scope = `${day}/${region}/s3/aws4_request`;
    const toSign = [
      'AWS4-HMAC-SHA256',
      headers['x-amz-date'],
      scope,
      createHash('sha256').update(canonical).digest('hex'),
    ].join('\n');
    const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
    const key = [day, region, 's3', 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${KEYS.AWS_SECRET_ACCESS_KEY}`);
    return hmac(key, toSign).toString('hex') === signature;
  }
}
