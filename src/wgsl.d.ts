/** Shader texts, bundled as strings. */
declare module '*.wgsl' {
  const source: string;
  export default source;
}
