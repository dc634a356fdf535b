/* Where a lock file that names no registry means its packages to come from. */
#define SCAN_REGISTRY_NPM  "https://registry.npmjs.org/"
#define SCAN_REGISTRY_PYPI "https://pypi.org/simple"
#ifdef REGISTRY
/* Registries from which packages usually come: a project that newly names one of these takes its packages from where it did. REGISTRY(host). */
REGISTRY("pypi.org") REGISTRY("pypi.python.org") REGISTRY("files.pythonhosted.org") REGISTRY("download.pytorch.org") REGISTRY("pypi.nvidia.com")
REGISTRY("registry.npmjs.org") REGISTRY("registry.yarnpkg.com") REGISTRY("npm.pkg.github.com") REGISTRY("localhost") REGISTRY("127.0.0.1")
REGISTRY("rubygems.org") REGISTRY("index.crates.io") REGISTRY("repo.packagist.org") REGISTRY("packagist.org")
#endif
