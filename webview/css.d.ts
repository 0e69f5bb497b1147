/** Style sheets are collected by the bundler; importing one gives nothing. */
declare module '*.css';
