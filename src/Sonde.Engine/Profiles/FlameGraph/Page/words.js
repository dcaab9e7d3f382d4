// Numbers for people.

const TIMES = [[1e9, 's'], [1e6, 'ms'], [1e3, 'µs'], [1, 'ns']];
const SIZES = [[2 ** 40, 'TiB'], [2 ** 30, 'GiB'], [2 ** 20, 'MiB'], [2 ** 10, 'KiB'], [1, 'B']];

function amount(value, unit) {
  if (unit === 'samples') return `${value.toLocaleString('en-US')} ${value === 1 ? 'sample' : 'samples'}`;
  const magnitude = Math.abs(value);
  const scales = unit === 'bytes' ? SIZES : TIMES;
  const [size, name] = scales.find(([size]) => magnitude >= size) ?? scales[scales.length - 1];
  const scaled = value / size;
  const digits = Math.abs(scaled) >= 100 || size === 1 ? 0 : Math.abs(scaled) >= 10 ? 1 : 2;
  return `${scaled.toFixed(digits)} ${name}`;
}

function percent(part, whole) {
  if (!(whole > 0)) return '0 %';
  const share = (100 * part) / whole;
  return `${share >= 99.995 || share === 0 ? Math.round(share) : share.toFixed(share >= 0.095 ? 1 : 3)} %`;
}

// A share that has changed, in percentage points.
const points = (change) => `${change >= 0 ? '+' : '−'}${Math.abs(100 * change).toFixed(2)} points`;

function counted(number, one, many) {
  return `${number.toLocaleString('en-US')} ${number === 1 ? one : many}`;
}
