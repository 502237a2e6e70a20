import type {en} from './en';
import {customers} from './de/customers';
import {frame} from './de/frame';
import {house} from './de/house';

export const de: typeof en = {...frame, ...customers, ...house};
