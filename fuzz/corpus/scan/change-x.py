„import os

































import requests
r = s.get(u, verify=False)
