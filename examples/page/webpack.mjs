// node webpack.mjs: the page as a folder for any static server. webpack brings the worker and the module along by itself.
import { copyFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import webpack from 'webpack';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

const stats = await new Promise((resolve, reject) => {
  webpack({
    mode: 'production', context: at('.'), entry: './app.js', output: { path: at('out-webpack'), filename: 'app.js', module: true }, experiments: { outputModule: true, topLevelAwait: true },
    performance: { hints: false },
  }, (error, done) => (error ? reject(error) : resolve(done)));
});
if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString({ colors: false, all: false, errors: true, warnings: true }));
copyFileSync(at('index.html'), at('out-webpack/index.html'));
