declare module "packed:*" {
  /** A file, gzipped, in base64. */
  const content: string;
  export default content;
}
