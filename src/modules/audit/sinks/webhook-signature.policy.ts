import { createHmac, timingSafeEqual } from 'node:crypto';

export const SIGNATURE_HEADER = 'x-restgate-signature';

/** `t=<unix seconds>,v1=<hex HMAC-SHA256 of "{t}.{body}">`. */
export function webhookSignature(body: string, secret: string, unixSeconds: number): string {
  const mac = createHmac('sha256', secret).update(`${unixSeconds}.${body}`).digest('hex');
  return `t=${unixSeconds},v1=${mac}`;
}

/** What a receiver does: the signature fits the body and is not older than `toleranceSeconds`. */
export function isWebhookSignature(
  header: string,
  body: string,
  secret: string,
  nowSeconds: number,
  toleranceSeconds = 300,
): boolean {
  const time = Number(/(?:^|,)t=(\d{1,12})(?:,|$)/.exec(header)?.[1] ?? Number.NaN);
  if (!(Math.abs(nowSeconds - time) <= toleranceSeconds)) return false;
  const expected = Buffer.from(webhookSignature(body, secret, time));
  const given = Buffer.from(header);
  return expected.length === given.length && timingSafeEqual(expected, given);
}
