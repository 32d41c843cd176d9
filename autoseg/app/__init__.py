"""The app: pages in a browser for people who look and click. It holds no science: it calls what Python calls."""
