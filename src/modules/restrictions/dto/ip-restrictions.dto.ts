import { ApiProperty } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import { RESTRICTION_MODES } from './restriction-mode.dto.js';

const MOST_RANGES = 10_000;
const MOST_PROXIES = 1000;
const LONGEST_RANGE = 50;

/** From which header, and from whom, the client's address is taken. */
export class ReverseProxyDto {
  /** Off: the client is whoever opened the connection. */
  @IsBoolean()
  enabled: boolean = false;

  /** The field that carries the client's address, for example `X-Forwarded-For`. */
  @IsString()
  @Matches(/^[A-Za-z0-9-]{1,64}$/, { message: 'header must be a header name of letters, digits and dashes' })
  header: string = 'X-Forwarded-For';

  /** Addresses and ranges of the proxies that are believed. Must not be empty while enabled. */
  @ApiProperty({ maxItems: MOST_PROXIES })
  @IsArray()
  @ArrayMaxSize(MOST_PROXIES)
  @IsString({ each: true })
  @MaxLength(LONGEST_RANGE, { each: true })
  trustedProxies: string[] = [];
}

/** From where the REST APIs may be called. What is absent is switched off. */
export class IpRestrictionsDto {
  /** Off: calls may come from anywhere. */
  @IsBoolean()
  enabled: boolean = false;

  /** Addresses and CIDR ranges, IPv4 and IPv6. Must not be empty while enabled. */
  @ApiProperty({ maxItems: MOST_RANGES })
  @IsArray()
  @ArrayMaxSize(MOST_RANGES)
  @IsString({ each: true })
  @MaxLength(LONGEST_RANGE, { each: true })
  allowed: string[] = [];

  /** Reverse proxy compatibility. */
  @ValidateNested()
  @Type(() => ReverseProxyDto)
  reverseProxy: ReverseProxyDto = new ReverseProxyDto();

  /** `report`: nothing is refused, what would have been is noted in the audit log. */
  @IsIn(RESTRICTION_MODES)
  @ApiProperty({ enum: RESTRICTION_MODES })
  mode: 'enforce' | 'report' = 'enforce';
}

/** The IP restrictions in force. */
export class IpRestrictionsView extends IpRestrictionsDto {}

export class ConfirmQuery {
  /** Saves a list that shuts out your own address. */
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean()
  confirm?: boolean;
}

/** The configured header, and what your request brought in it. */
export class WhoAmIHeaderView {
  /** Lower case. */
  name: string;

  /** The lines as they came, believed or not. */
  lines: string[];
}

/** One address of the header. */
export class HopView {
  /** As it was sent. */
  value: string;

  /** As it was read; null when it cannot be, and then nobody knows the client. */
  @ApiProperty({ type: String, nullable: true })
  address: string | null;

  /** False: the walk ends here, and this is the client. */
  trusted: boolean;
}

/** How the data plane would see your requests. */
export class WhoAmIView {
  /** The address that opened the connection. */
  peerIp: string;

  /** Whether it is a trusted proxy: only then is the header believed. */
  peerTrusted: boolean;

  header: WhoAmIHeaderView;

  /** The addresses of the header from the right, as far as they were looked at. */
  walk: HopView[];

  /** Your address by the reverse proxy rule; null when a trusted proxy did not say. */
  @ApiProperty({ type: String, nullable: true })
  clientIp: string | null;

  /** Whether the IP restrictions in force let it in. */
  allowed: boolean;

  /** Why not, in words. */
  @ApiProperty({ type: String, nullable: true })
  detail: string | null;
}
