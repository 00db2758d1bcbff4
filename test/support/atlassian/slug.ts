/** Bitbucket's slug of a user is not the username: other characters become underscores. */
export function bitbucketSlug(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9._-]/g, '_');
}
